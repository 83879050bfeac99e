import { describe, expect, it } from "vitest";
import { inspectDaemonConfig, loadDaemonConfig, requireModems } from "../../../src/daemon/config/daemon-config.js";
import type { LoadRequest } from "../../../src/daemon/config/load.js";
import { describeOrigin } from "../../../src/daemon/config/provenance.js";
import { type MemoryFile, memoryFiles } from "./memory-files.js";

const main = "/etc/esimd/config.toml";
const modemFile = (name: string): string => `/etc/esimd/modems.d/${name}.toml`;
const eid = "89049032123451234512345678901235";

type Files = Readonly<Record<string, string | MemoryFile>>;

function request(files: Files, more: Partial<LoadRequest> = {}): LoadRequest {
  return { env: {}, fileSystem: memoryFiles(files), ...more };
}

function problemsOf(files: Files, more: Partial<LoadRequest> = {}): readonly string[] {
  return inspectDaemonConfig(request(files, more)).problems.map(({ message }) => message);
}

describe("a gateway with several modems", () => {
  const files: Files = {
    [main]: '[sim]\nfleet = "gateways"\n[modem]\nwake_wait = "20s"\n',
    [modemFile("left")]: '[modem]\nport = "/dev/ttyUSB2"\n[sim]\nfleet = "left-ones"\n',
    [modemFile("right")]: "",
  };

  it("gives each the shared configuration, and over it what its file has; without a port, that of its name", () => {
    const { modems, findsAll } = loadDaemonConfig(request(files));
    expect(findsAll).toBe(false);
    expect(modems.map(({ name, port, config }) => [name, port, config.sim.fleet, config.modem.wakeWaitMs])).toEqual([
      ["left", "/dev/ttyUSB2", "left-ones", 20_000],
      ["right", "/dev/esimd/right", "gateways", 20_000],
    ]);
  });

  it("says of each value which file it came from", () => {
    const [left, right] = loadDaemonConfig(request(files)).modems;
    expect(describeOrigin(left?.loaded.origin("sim.fleet") ?? { kind: "default" })).toBe(
      `${modemFile("left")}:sim.fleet`,
    );
    expect(describeOrigin(right?.loaded.origin("sim.fleet") ?? { kind: "default" })).toBe(`${main}:sim.fleet`);
    expect(left?.loaded.files).toEqual([main, modemFile("left")]);
  });

  it("serves the main file's modem beside them, whose port and EID are no other's", () => {
    const withMain: Files = {
      ...files,
      [main]: `[modem]\nport = "/dev/serial/by-id/usb-Quectel_EG25-G-if02-port0"\nexpected_eid = "${eid}"\n`,
    };
    const { modems } = loadDaemonConfig(request(withMain));
    expect(modems.map(({ name, config }) => [name, config.modem.expectedEid])).toEqual([
      ["usb-Quectel_EG25-G-if02-port0", eid],
      ["left", undefined],
      ["right", undefined],
    ]);
  });

  it("serves that one alone which is named, with or without a file", () => {
    const only = (modem: string) =>
      loadDaemonConfig(request({ ...files, [main]: '[modem]\nport = "auto"\n' }, { modem })).modems;
    expect(only("left").map(({ name, port }) => [name, port])).toEqual([["left", "/dev/ttyUSB2"]]);
    expect(only("third").map(({ name, port }) => [name, port])).toEqual([["third", "/dev/esimd/third"]]);
  });

  it("serves that port alone which is given on the command line", () => {
    const overrides = [{ key: "modem.port", value: "/dev/ttyACM0", flag: "--port" }] as const;
    const { modems } = loadDaemonConfig(request(files, { overrides }));
    expect(modems.map(({ name, port }) => [name, port])).toEqual([["ttyACM0", "/dev/ttyACM0"]]);
  });

  it("takes all that are found beside those that have a file", () => {
    const { modems, findsAll } = loadDaemonConfig(request({ ...files, [main]: '[modem]\nport = "all"\n' }));
    expect([findsAll, modems.map(({ name }) => name)]).toEqual([true, ["left", "right"]]);
  });

  it("looks beside the file of --config", () => {
    const there: Files = { "/srv/a.toml": "", "/srv/modems.d/x.toml": '[modem]\nport = "/dev/ttyUSB9"\n' };
    const { modems } = loadDaemonConfig(request(there, { files: ["/srv/a.toml"] }));
    expect(modems.map(({ name, port }) => [name, port])).toEqual([["x", "/dev/ttyUSB9"]]);
  });
});

describe("what several modems cannot have", () => {
  it("is a key that all modems share", () => {
    expect(problemsOf({ [modemFile("left")]: '[api]\nprovider = "none"\n[log]\nlevel = "info"\n' })).toEqual([
      `${modemFile("left")}: api.provider is not one modem's, but all modems'`,
      `${modemFile("left")}: log.level is not one modem's, but all modems'`,
    ]);
  });

  it("is one port for two, however it is written; the sentence names both files", () => {
    const files: Files = {
      [main]: '[modem]\nport = "/dev/ttyUSB2"\n',
      [modemFile("left")]: '[modem]\nport = "/dev/../dev/ttyUSB2"\n',
    };
    expect(problemsOf(files)).toEqual([
      `${main}: modem.port and ${modemFile("left")}: modem.port are one port, "/dev/../dev/ttyUSB2"`,
    ]);
    expect(problemsOf({ [modemFile("a")]: '[modem]\nport = "/dev/esimd/b"\n', [modemFile("b")]: "" })).toEqual([
      `${modemFile("a")}: modem.port and the port of modem b are one port, "/dev/esimd/b"`,
    ]);
  });

  it("is one EID for two", () => {
    const text = (port: string): string => `[modem]\nport = "${port}"\nexpected_eid = "${eid}"\n`;
    const [problem, ...more] = problemsOf({
      [modemFile("left")]: text("/dev/ttyUSB2"),
      [modemFile("right")]: text("/dev/ttyUSB6"),
    });
    expect(more).toEqual([]);
    expect(problem).toContain(
      `${modemFile("left")}: modem.expected_eid and ${modemFile("right")}: modem.expected_eid are one EID`,
    );
    expect(problem).not.toContain(eid);
  });

  it("is one name for two", () => {
    const files: Files = {
      [main]: '[modem]\nport = "/dev/ttyUSB2"\n',
      [modemFile("ttyUSB2")]: '[modem]\nport = "/dev/ttyUSB6"\n',
    };
    expect(problemsOf(files)).toEqual([
      `${main}: modem.port and ${modemFile("ttyUSB2")}: modem.port give two modems one name, ttyUSB2`,
    ]);
  });

  it.each([
    [
      "all in one modem's file",
      { [modemFile("a")]: '[modem]\nport = "all"\n' },
      'is "all", which no single modem can be',
    ],
    [
      "one EID for all that are found",
      { [main]: `[modem]\nport = "all"\nexpected_eid = "${eid}"\n` },
      `${main}: modem.expected_eid is one modem's, and modem.port is "all"`,
    ],
    ["a name that is none", { [modemFile("-x")]: "" }, `${modemFile("-x")} names a modem "-x"; allowed is a name of`],
  ])("is %s", (_name, files, sentence) => {
    expect(problemsOf(files as Files)).toEqual([expect.stringContaining(sentence)]);
  });

  it("is said once, though it is read for each modem", () => {
    const files: Files = { [main]: "[sim]\nflet = 1\n", [modemFile("a")]: "", [modemFile("b")]: "" };
    expect(problemsOf(files)).toEqual([expect.stringContaining('unknown key "sim.flet"')]);
  });
});

describe("the daemon's configuration", () => {
  it("must have a modem", () => {
    expect(() => requireModems(loadDaemonConfig(request({})))).toThrow(
      expect.objectContaining({ code: "config_invalid", exitStatus: 78 }),
    );
  });

  it("refuses a name of a modem that leads out of its folder", () => {
    const [problem] = inspectDaemonConfig(request({}, { modem: "../x" })).problems;
    expect(problem).toMatchObject({ code: "usage", message: expect.stringContaining("--modem is") });
  });
});
