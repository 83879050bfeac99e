import { describe, expect, it } from "vitest";
import { type LoadedConfig, type LoadRequest, loadConfig } from "../../../src/daemon/config/load.js";
import { describeOrigin } from "../../../src/daemon/config/provenance.js";
import { configKeys, defaultOfKey, typeOfKey } from "../../../src/daemon/config/schema.js";
import { type MemoryFile, memoryFiles } from "./memory-files.js";

const main = "/etc/esimd/config.toml";

function load(files: Readonly<Record<string, string | MemoryFile>>, request: Partial<LoadRequest> = {}): LoadedConfig {
  return loadConfig({ env: {}, fileSystem: memoryFiles(files), ...request });
}

describe("a configuration without any file", () => {
  const loaded = load({});

  it("has a default for everything that needs one", () => {
    expect(loaded.config).toEqual({
      stateDir: "/var/lib/esimd",
      ciRoots: "/etc/esimd/ci-roots",
      deadlineMs: 3_600_000,
      log: { level: "info" },
      daemon: { concurrency: 8, socket: { kind: "default", path: "/run/esimd/esimd.sock" } },
      modem: {
        port: undefined,
        dialect: "auto",
        lpa: "auto",
        takeIsdR: false,
        expectedEid: undefined,
        wakeWaitMs: 60_000,
        simSlot: undefined,
        apn: undefined,
        baud: "keep",
        returnWaitMs: 60_000,
        inhibitModemManager: "auto",
        dialects: "/etc/esimd/dialects",
      },
      api: {
        provider: "twilio",
        url: "https://supersim.twilio.com",
        tokenUrl: undefined,
        accountSid: undefined,
        key: undefined,
        secret: undefined,
        callbackUrl: undefined,
        callbackMethod: "POST",
        timeoutMs: 30_000,
      },
      reservation: {
        method: "eid",
        maxReservations: 1,
        reserveSettleMs: 900_000,
        onUnclear: "retry",
        availableWaitMs: 300_000,
      },
      sim: { activate: "ready", when: "after-download", fleet: undefined, uniqueName: undefined, reactivate: false },
      download: {
        smdpAddress: undefined,
        smdpPins: [],
        confirmationCode: undefined,
        attempts: 2,
        timeoutMs: 600_000,
      },
      confirm: { waitMs: 60_000 },
      network: { registrationWaitMs: 60_000 },
      boot: { clockWaitMs: 300_000, clockTrust: "evidence", networkWaitMs: 300_000 },
      defaultSmdp: { address: undefined, set: "never", pollLongestMs: 86_400_000 },
      connectivity: {
        check: "registration",
        rollback: true,
        waitMs: 300_000,
        switchesPerDay: 3,
        url: undefined,
        hook: undefined,
      },
      callbacks: {
        listen: undefined,
        path: undefined,
        secret: undefined,
        tlsCertFile: undefined,
        tlsKeyFile: undefined,
      },
    });
  });

  it("says of every key that it is the default", () => {
    expect(loaded.files).toEqual([]);
    expect(loaded.values.map(({ key }) => key)).toEqual(configKeys);
    expect(new Set(loaded.values.map(({ origin }) => describeOrigin(origin)))).toEqual(new Set(["default"]));
  });
});

describe("a value that stands in several places", () => {
  const files = {
    [main]: '[api]\nprovider = "kore"\ntimeout = "10s"\n[sim]\nfleet = "one"\n[modem]\nport = "/dev/ttyUSB1"',
    "/etc/esimd/conf.d/20-late.toml": '[sim]\nfleet = "three"',
    "/etc/esimd/conf.d/10-early.toml": '[sim]\nfleet = "two"\n[modem]\nport = "/dev/ttyUSB2"',
    "/etc/esimd/conf.d/.#20-late.toml": "an editor's lock, no TOML",
    "/etc/esimd/conf.d/README": "no TOML either",
  };

  it("is taken from the file, then from the drop-ins in order of name, then the environment, then flags", () => {
    const loaded = load(files, {
      env: { ESIMD_PROVIDER: "none", ESIMD_CI_ROOTS: "" },
      overrides: [{ key: "modem.port", value: "tcp://127.0.0.1:7000", flag: "--port" }],
    });
    const { config } = loaded;
    expect(config.api.timeoutMs).toBe(10_000);
    expect(config.sim.fleet).toBe("three");
    expect(config.api.provider).toBe("none");
    expect(config.modem.port).toBe("tcp://127.0.0.1:7000");
    const origins = (["api.timeout", "sim.fleet", "api.provider", "modem.port", "ci_roots"] as const).map((key) =>
      describeOrigin(loaded.origin(key)),
    );
    expect(origins).toEqual([
      `${main}:api.timeout`,
      "/etc/esimd/conf.d/20-late.toml:sim.fleet",
      "environment variable ESIMD_PROVIDER",
      "flag --port",
      "default",
    ]);
    expect(loaded.files).toEqual([main, "/etc/esimd/conf.d/10-early.toml", "/etc/esimd/conf.d/20-late.toml"]);
  });

  it("gives way to nothing when only a drop-in has it", () => {
    const loaded = load({ "/etc/esimd/conf.d/a.toml": 'deadline = "5min"' });
    expect(loaded.config.deadlineMs).toBe(300_000);
  });
});

describe("which files are read", () => {
  const files = {
    [main]: "deadline = 1",
    "/a/one.toml": "deadline = 2",
    "/b/two.toml": "deadline = 3\n[sim]\nfleet = 'f'",
  };

  it("ESIMD_CONFIG stands in for the default file", () => {
    const loaded = load(files, { env: { ESIMD_CONFIG: "/a/one.toml" } });
    expect([loaded.config.deadlineMs, loaded.files]).toEqual([2000, ["/a/one.toml"]]);
  });

  it("--config stands in for both, and may be given more than once", () => {
    const loaded = load(files, { env: { ESIMD_CONFIG: "/none" }, files: ["/b/two.toml", "/a/one.toml"] });
    expect([loaded.config.deadlineMs, loaded.config.sim.fleet]).toEqual([2000, "f"]);
  });

  it.each([
    ["flag --config: there is no file /none", { files: ["/none"] }],
    ["environment variable ESIMD_CONFIG: there is no file /none", { env: { ESIMD_CONFIG: "/none" } }],
  ])("%s", (sentence, request) => {
    expect(() => load(files, request)).toThrow(
      expect.objectContaining({ code: "config_unreadable", message: sentence }),
    );
  });
});

describe("defaults that depend on something", () => {
  it.each([
    ["twilio", "https://supersim.twilio.com", undefined],
    ["kore", "https://supersim.api.korewireless.com", "https://api.korewireless.com/api-services/v1/auth/token"],
    ["none", "", undefined],
  ])("provider %s has its own URLs", (provider, url, tokenUrl) => {
    const { api } = load({}, { env: { ESIMD_PROVIDER: provider } }).config;
    expect([api.url, api.tokenUrl]).toEqual([url, tokenUrl]);
  });

  it("systemd's state folder is the default, below the file", () => {
    const env = { STATE_DIRECTORY: "/var/lib/esimd:/var/lib/other" };
    const bySystemd = load({}, { env: { STATE_DIRECTORY: "/var/lib/private/esimd:/other" } });
    expect(bySystemd.config.stateDir).toBe("/var/lib/private/esimd");
    expect(describeOrigin(bySystemd.origin("state_dir"))).toBe("environment variable STATE_DIRECTORY");
    expect(load({ [main]: 'state_dir = "/data/esimd"' }, { env }).config.stateDir).toBe("/data/esimd");
    expect(load({}, { env: { ...env, ESIMD_STATE_DIR: "/mine" } }).config.stateDir).toBe("/mine");
  });

  it("a command's own default gives way to every other place", () => {
    const defaults = { "log.level": "warn" } as const;
    expect(load({}, { defaults }).config.log.level).toBe("warn");
    expect(describeOrigin(load({}, { defaults }).origin("log.level"))).toBe("default");
    expect(load({ [main]: 'log.level = "info"' }, { defaults }).config.log.level).toBe("info");
  });

  it("every default in the schema is one that its own key takes", () => {
    const wrong = configKeys.filter((key) => {
      const value = defaultOfKey(key);
      return value !== undefined && typeOfKey(key)?.safeParse(value).success !== true;
    });
    expect(wrong).toEqual([]);
  });
});

describe("values that are taken", () => {
  it.each([
    ["https://proxy.example.com/supersim/", "https://proxy.example.com/supersim"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://localhost:8080/", "http://localhost:8080"],
    ["http://[::1]:8080", "http://[::1]:8080"],
  ])("api.url %s becomes %s", (written, used) => {
    expect(load({}, { env: { ESIMD_API_URL: written } }).config.api.url).toBe(used);
  });

  it("api.callback_url is kept letter by letter, for the provider signs that very text", () => {
    const written = "https://Example.com:443/hook/?token=a%2Fb";
    expect(load({ [main]: `[api]\ncallback_url = "${written}"` }).config.api.callbackUrl).toBe(written);
  });

  it("a relative path in the environment is the caller's, and becomes absolute", () => {
    expect(load({}, { env: { ESIMD_STATE_DIR: "state" } }).config.stateDir).toBe(`${process.cwd()}/state`);
  });

  it("identifiers are parsed", () => {
    const { config } = load({
      [main]:
        '[modem]\nexpected_eid = "89049032123451234512345678901235"\n[download]\nsmdp_address = "SMDP.Example.com:443"',
    });
    expect(config.modem.expectedEid).toBe("89049032123451234512345678901235");
    expect(config.download.smdpAddress).toBe("smdp.example.com");
  });

  it("a byte order mark and CRLF do no harm", () => {
    expect(load({ [main]: '\uFEFFdeadline = "2h"\r\n[sim]\r\nfleet = "f"\r\n' }).config.deadlineMs).toBe(7_200_000);
  });
});
