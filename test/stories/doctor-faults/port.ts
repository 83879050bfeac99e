import { realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { EsimdError } from "../../../src/base/errors.js";
import { ManagedHost } from "../../daemon/fake-mmcli.js";
import { eg25, FakeHost } from "../../support/fake-host.js";
import { configured } from "../conditions.js";
import { accountsOf, hurried, type Planted } from "../doctor-bench.js";

/** Between esimd and the modem: who holds the port, who may open it, which one it is. */

export const portFaults: Readonly<Record<string, Planted>> = {
  "the port is held by another program": {
    plant: (field) => {
      const host = new FakeHost();
      host.addProcess({ pid: process.ppid, comm: "minicom", open: [field.world.port] });
      const name = `LCK..${basename(realpathSync(field.world.port))}`;
      writeFileSync(join(host.roots.run, "lock", name), `${String(process.ppid).padStart(10)}\n`);
      return { host };
    },
    check: "holder",
    code: "port_busy",
    says: new RegExp(`is held by minicom \\(pid ${process.ppid}\\)`),
    next: /Close minicom/,
  },
  "the user may not open the port": {
    plant: (field) => ({
      seams: {
        open: (address) =>
          Promise.reject(new EsimdError("port_forbidden", `${address} may not be opened by this user`)),
        accounts: accountsOf(statSync(field.world.port).gid, "dialout"),
      },
    }),
    check: "modem",
    code: "port_forbidden",
    says: /may not be opened by this user: its mode is 0\d\d\d, its group dialout/,
    next: /GROUP="dialout"|usermod -aG dialout alice/,
  },
  "the modem on PCIe belongs to root": {
    plant: (field) => {
      const host = new FakeHost();
      host.addWwan("wwan0", ["at0", "mbim0"], field.world.port);
      return {
        host,
        port: "auto",
        seams: {
          open: (address) =>
            Promise.reject(new EsimdError("port_forbidden", `${address} may not be opened by this user`)),
          accounts: accountsOf(-1, "nobody"),
        },
      };
    },
    check: "modem",
    code: "port_forbidden",
    says: /wwan0at0 may not be opened by this user: its mode is 0\d\d\d/,
    next: /SUBSYSTEM=="wwan"|usermod -aG/,
  },
  "there is no such port, and another one is": {
    plant: (field) => {
      const host = new FakeHost();
      host.plug(eg25({ target: field.world.port }));
      return { host, port: join(host.dir, "ttyUSB9") };
    },
    check: "port",
    code: "port_missing",
    says: /there is no port .*ttyUSB9/,
    next: /Ports of this host: .*if02-port0 \(2c7c:0125, at\)/,
  },
  "`auto` finds two modems": {
    plant: () => {
      const host = new FakeHost();
      host.plug(eg25({ busPath: "1-1.1" }));
      host.plug(eg25({ busPath: "1-1.2", firstTty: 4 }));
      return { host, port: "auto" };
    },
    check: "port",
    code: "port_ambiguous",
    says: /2 modems are there/,
    next: /--port or modem\.port/,
  },
  "no port is named": {
    plant: () => {
      const host = new FakeHost();
      host.plug(eg25({}));
      return { host, port: "" };
    },
    check: "port",
    code: "config_invalid",
    says: /modem\.port is not set/,
    next: /to auto, or to .*if02-port0/,
  },
  "the port is the modem's GNSS port": {
    field: {
      modem: { behaviours: [{ do: { kind: "raw", text: "$GPGSV,1,1,00*79\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n" } }] },
    },
    plant: async (field) => {
      const host = new FakeHost();
      host.plug(eg25({ target: field.world.port }));
      return {
        host,
        port: host.node("ttyUSB2"),
        words: ["--provider", "none", ...(await configured(field, { modem: { wake_wait: "1s" } }))],
        clock: hurried(5),
      };
    },
    check: "modem",
    code: "wrong_port",
    says: /is not a modem's AT port: it speaks NMEA 0183/,
    next: /Ports of this host: .*\(2c7c:0125, at\)/,
  },
  "the modem is silent": {
    field: { modem: "silence" },
    plant: async (field) => ({
      words: ["--provider", "none", ...(await configured(field, { modem: { wake_wait: "1s" } }))],
      clock: hurried(5),
    }),
    check: "modem",
    code: "modem_silent",
    says: /did not answer AT/,
    next: /has power/,
  },
  "ModemManager works with the modem": {
    plant: (field) => {
      const host = new ManagedHost(field.world.port);
      host.udev("device", []);
      host.manager();
      return { host, port: host.port };
    },
    check: "modem-manager",
    code: "port_managed",
    severity: "warning",
    says: /ModemManager \(pid 312\) works with the modem on .*ttyUSB2/,
    next: /77-esimd-ports\.rules/,
  },
  "ModemManager has the port open": {
    plant: (field) => {
      const host = new ManagedHost(field.world.port);
      host.manager([host.port]);
      return { host, port: host.port };
    },
    check: "modem-manager",
    code: "port_managed",
    says: /ModemManager \(pid 312\) works with the modem and has open .*ttyUSB2/,
    next: /77-esimd-ports\.rules/,
  },
};
