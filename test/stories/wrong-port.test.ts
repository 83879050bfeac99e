import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/base/errors.js";
import type { FakeWorld } from "../../src/emulator/world.js";
import { configured } from "./conditions.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";

/** The port that was named is not the modem's: one sentence says what it is, and nothing else happens. */

interface WrongPort {
  /** Makes the port and tells its name, and how to take it away again. */
  readonly make: (field: Field) => Promise<{ readonly port: string; readonly gone?: () => Promise<void> }>;
  readonly code: ErrorCode;
  readonly status: number;
  readonly says: RegExp;
  /** The next step, where it is another than for a port that was named wrong. */
  readonly next?: RegExp;
}

const wrongPorts: Readonly<Record<string, WrongPort>> = {
  "a plain file": {
    make: async ({ dir }) => {
      await writeFile(join(dir, "ttyUSB2"), "AT\r\n\r\nOK\r\n");
      return { port: join(dir, "ttyUSB2") };
    },
    code: "port_missing",
    status: 66,
    says: /ttyUSB2 is not a serial port/,
  },
  "a folder": {
    make: async ({ dir }) => ({ port: dir }),
    code: "port_missing",
    status: 66,
    says: /is not a serial port/,
  },
  "a path that is not there": {
    make: async ({ dir }) => ({ port: join(dir, "ttyUSB9") }),
    code: "port_missing",
    status: 66,
    says: /there is no port .*ttyUSB9/,
  },
  "a character device that is no tty": {
    make: async () => ({ port: "/dev/null" }),
    code: "port_missing",
    status: 66,
    says: /\/dev\/null is not a serial port/,
  },
  "a tty on which nobody answers": {
    make: async ({ world }) => {
      world.modem.prependBehaviour({ do: { kind: "silence" } });
      return { port: world.port };
    },
    code: "modem_silent",
    status: 69,
    says: /did not answer AT for 3 s/,
  },
  "a GNSS port": {
    make: ({ world }) => saying(world, "$GPGSV,1,1,00*79\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n"),
    code: "wrong_port",
    status: 66,
    says: /is not a modem's AT port: it speaks NMEA 0183/,
  },
  "a computer's console": {
    make: ({ world }) => saying(world, "gateway login: "),
    code: "wrong_port",
    status: 66,
    says: /is not a modem's AT port: it asks for a login/,
  },
  "a debug port that prints a boot log": {
    make: ({ world }) => saying(world, "[    1.204311] random: crng init done\r\n"),
    code: "wrong_port",
    status: 66,
    says: /is not a modem's AT port: it prints a boot log/,
  },
  "a tty on which something talks that nobody knows": {
    make: ({ world }) => saying(world, "temperature=21.5\r\n"),
    code: "modem_silent",
    status: 69,
    says: /did not answer AT for 3 s/,
  },
  "a TCP port where nothing listens": {
    make: async () => {
      const server = createServer();
      const port = await listening(server);
      await closed(server);
      return { port };
    },
    code: "port_missing",
    status: 66,
    says: /nothing listens at tcp:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    next: /^Check that the serial server .* runs, and that tcp:\/\/127/,
  },
  "a TCP port that speaks HTTP": {
    make: async () => {
      const server = createHttpServer((_request, response) => response.end("hello"));
      return { port: await listening(server), gone: () => closed(server) };
    },
    code: "serial_gone",
    status: 74,
    says: /closed the connection while it was in use/,
  },
  "a TCP port that takes what it is sent and says nothing": {
    make: async () => {
      const server = createServer((socket) => socket.resume());
      return { port: await listening(server), gone: () => closed(server) };
    },
    code: "modem_silent",
    status: 69,
    says: /did not answer AT/,
  },
  "a Unix socket that is not there": {
    make: async ({ dir }) => ({ port: `unix:${join(dir, "nothing.sock")}` }),
    code: "port_missing",
    status: 66,
    says: /nothing listens at unix:/,
    next: /^Check that the serial server .* runs/,
  },
};

describe.concurrent("the port is", () => {
  it.each(Object.entries(wrongPorts))("%s", (_name, { make, code, status, says, next = /./ }) =>
    inField({}, async (field) => {
      const { port, gone } = await make(field);
      try {
        const words = ["--port", port, ...(await configured(field, { modem: { wake_wait: "1s" } }))];
        const ended = await field.esimd(["provision", "--json", ...words]);
        expect(ended.report()).toMatchObject({ state: "failed", error: { code }, modem: { port } });
        expect(ended.status).toBe(status);
        expect(ended.report().error?.message).toMatch(says);
        expect(ended.report().error?.hint).toMatch(next);
        expect(field.charges()).toBe(0);

        // `probe` says the same, as one sentence and the next step.
        const probed = await field.esimd(["probe", ...words]);
        expect(probed).toMatchObject({ status, stdout: "" });
        expect(probed.stderr).toMatch(says);
        expect(probed.stderr.trimEnd().split("\n")).toHaveLength(2);
      } finally {
        await gone?.();
      }
    }),
  );
});

/** Whatever it is sent, it says this and nothing else. */
async function saying(world: FakeWorld, text: string): Promise<{ readonly port: string }> {
  world.modem.prependBehaviour({ do: { kind: "raw", text } });
  return { port: world.port };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `tcp://127.0.0.1:${address.port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
