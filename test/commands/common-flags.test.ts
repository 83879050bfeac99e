import { describe, expect, it } from "vitest";
import { createRedactor } from "../../src/base/logging.js";
import { parseArguments } from "../../src/commands/arguments.js";
import type { Command } from "../../src/commands/command.js";
import { commonFlags, configFor, oneShotDefaults, openLog, overridesOf } from "../../src/commands/common-flags.js";
import { docOf } from "../../src/daemon/config/layers.js";
import { configKeys } from "../../src/daemon/config/schema.js";
import { testContext } from "./test-context.js";

const values: Readonly<Record<string, string>> = {
  port: "/dev/ttyUSB2",
  dialect: "quectel-iccid",
  lpa: "modem",
  method: "activation-code",
  provider: "kore",
  fleet: "gateways",
  "ci-roots": "/roots",
  "confirmation-code-file": "/dev/null",
  deadline: "90",
  "log-level": "trace",
};

const command: Command = {
  name: "work",
  summary: "works",
  positionals: "",
  flags: commonFlags(
    "config",
    "port",
    "dialect",
    "lpa",
    "method",
    "provider",
    "fleet",
    "ci-roots",
    "confirmation-code-file",
    "deadline",
    "log-level",
  ),
  run: async () => 0,
};

describe("common flags", () => {
  it("every flag that the configuration names exists, and sets its key", () => {
    const words = Object.entries(values).flatMap(([flag, value]) => [`--${flag}`, value]);
    const set = overridesOf(parseArguments(command, words)).map(({ key, flag, value }) => [key, flag, value]);
    const documented = configKeys.flatMap((key) => {
      const { flag } = docOf(key);
      return flag === undefined ? [] : [[key, flag, values[flag.slice(2)]]];
    });
    expect(set).toEqual(documented);
    expect(set).toHaveLength(Object.keys(values).length);
  });

  it("become the configuration of the call", () => {
    const { context } = testContext();
    // The file would be read here, and /dev/null is no secret.
    const words = Object.entries(values)
      .filter(([flag]) => flag !== "confirmation-code-file")
      .flatMap(([flag, value]) => [`--${flag}`, value]);
    const { config } = configFor(context, parseArguments(command, words));
    expect(config).toMatchObject({
      ciRoots: "/roots",
      deadlineMs: 90_000,
      log: { level: "trace" },
      modem: { port: "/dev/ttyUSB2", dialect: "quectel-iccid", lpa: "modem" },
      api: { provider: "kore" },
      reservation: { method: "activation-code" },
      sim: { fleet: "gateways" },
    });
  });

  it("a one-shot command logs trouble only, unless it is told otherwise", () => {
    const { context } = testContext();
    const level = (...words: string[]) =>
      configFor(context, parseArguments(command, words), oneShotDefaults).config.log.level;
    expect([level(), level("--log-level", "info")]).toEqual(["warn", "info"]);
  });
});

describe("the log of a command", () => {
  const env = { ESIMD_API_KEY: "SKnotToBeSeen", ESIMD_API_SECRET: "SecretNotToBeSeen" };

  function logged(options: Parameters<typeof testContext>[0]): string {
    const test = testContext(options);
    const { config } = configFor(test.context, parseArguments(command, []));
    const log = openLog(test.context, config, createRedactor());
    log.warn({ header: "Basic SecretNotToBeSeen", eid: "89049032123451234512345678901235" }, "with SKnotToBeSeen");
    log.debug({}, "not at this level");
    return test.stderr();
  }

  it("has neither secrets nor whole identifiers in it", () => {
    const line: unknown = JSON.parse(logged({ env }));
    expect(line).toMatchObject({ level: "warn", header: "Basic [secret]", eid: "8904…1235", msg: "with [secret]" });
  });

  it("has journald's priority in front where stderr is the journal, and only there", () => {
    expect(logged({ env: { ...env, JOURNAL_STREAM: "8:1234" } })).toMatch(/^<4>\{/);
    expect(logged({ env: { ...env, JOURNAL_STREAM: "8:1234" }, terminal: true })).toMatch(/^\{/);
  });
});
