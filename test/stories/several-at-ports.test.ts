import { describe, expect, it } from "vitest";
import { openPty } from "../../src/emulator/modem/transport/pty.js";
import type { ModemTransport } from "../../src/emulator/modem/transport/transport.js";
import { eg25, FakeHost } from "../support/fake-host.js";
import { configured, endOf, endsAs, provisioned } from "./conditions.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";

/** A modem has more than one AT port, and the preferred one is not always the one that is free, or speaks. */

const auto = ["--port", "auto"] as const;

/** The field's modem on the second AT port; on the first one somebody who takes what is sent and says `words` to it. */
async function onSecondPort(words: string, story: (field: Field, host: FakeHost) => Promise<void>): Promise<void> {
  const host = new FakeHost();
  let other: ModemTransport | undefined;
  const events = { onBytes: () => other?.write(Buffer.from(words)), onHostChange: () => undefined };
  other = await openPty({ events });
  const first = other.address;
  try {
    await inField({ host: host.roots }, async (field) => {
      host.plug(eg25({ target: first, second: field.world.port }));
      await story(field, host);
    });
  } finally {
    await other.close();
    host.close();
  }
}

const quick = (field: Field): Promise<readonly string[]> => configured(field, { modem: { wake_wait: "4s" } });

/** A process that lives as long as the test. */
const someone = process.ppid;

describe.concurrent("with --port auto the modem's next AT port is taken where the preferred one", () => {
  it.each([
    ["says nothing", ""],
    ["speaks NMEA", "$GPGSV,1,1,00*79\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n"],
  ])("%s", (_name, words) =>
    onSecondPort(words, async (field, host) => {
      const ended = await field.provision([...auto, ...(await quick(field))]);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ modem: { port: host.node("ttyUSB3") } });
      const probed = await field.esimd(["probe", "--json", ...auto, ...(await quick(field))]);
      expect(JSON.parse(probed.stdout)).toMatchObject({ port: host.node("ttyUSB3"), error: null });
    }),
  );

  it("is held by another program", () =>
    onSecondPort("", async (field, host) => {
      host.addProcess({ pid: someone, comm: "minicom" });
      host.lock(host.node("ttyUSB2"), someone);
      const ended = await field.provision([...auto, ...(await configured(field))]);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ modem: { port: host.node("ttyUSB3") } });
    }));
});

describe.concurrent("no port of a modem is of use", () => {
  it("that says why each one is not, the preferred one first", () =>
    onSecondPort("", async (field, host) => {
      host.addProcess({ pid: someone, comm: "minicom" });
      host.lock(host.node("ttyUSB3"), someone);
      const ended = await field.provision([...auto, ...(await quick(field))]);
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "modem_silent"));
      expect(ended.report().error?.message).toMatch(/ttyUSB2 .*ttyUSB3 is held by minicom/);
    }));
});

describe.concurrent("another esimd works with the modem by its first AT port", () => {
  it.each([
    ["auto", ["provision", "--port", "auto"]],
    ["named", ["provision", "--port", "ttyUSB3"]],
    ["to look at its eUICC", ["probe", "--port", "ttyUSB3"]],
    ["to change its profiles", ["profile", "enable", "123456", "--port", "ttyUSB3"]],
  ])(
    "and its second one is not used beside it, which would close that one's channels to the card: %s",
    (_name, words) =>
      onSecondPort("", async (field, host) => {
        host.addProcess({ pid: someone, comm: "esimd" });
        host.lock(host.node("ttyUSB2"), someone);
        const [command = "", ...rest] = words.map((word) => (word === "ttyUSB3" ? host.node(word) : word));
        const done = await field.esimd([command, ...rest, "--json", ...(await configured(field))]);
        expect(done).toMatchObject({ status: 75, stderr: expect.stringContaining(`held by esimd (pid ${someone})`) });
        expect(field.world.modem.transcript.filter(({ from }) => from === "host")).toEqual([]);
        expect(field.charges()).toBe(0);
      }),
  );

  it("and a person at a raw terminal may talk on its second one", () =>
    onSecondPort("", async (field, host) => {
      host.addProcess({ pid: someone, comm: "esimd" });
      host.lock(host.node("ttyUSB2"), someone);
      expect(await field.esimd(["at", "--port", host.node("ttyUSB3"), "AT+CSQ"])).toMatchObject({ status: 0 });
    }));
});
