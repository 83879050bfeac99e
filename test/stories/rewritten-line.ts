import { createConnection, createServer, type Socket } from "node:net";

/** Stands between esimd and the fake modem, both on sockets, and spells the modem's lines otherwise, as no emulator does. */
export interface RewrittenLine {
  /** What `--port` takes. */
  readonly port: string;
  close(): Promise<void>;
}

/** @param spell what stands for a line of the modem's, without its end. */
export async function startRewrittenLine(modemPath: string, spell: (line: string) => string): Promise<RewrittenLine> {
  const path = `${modemPath}.spelt`;
  const open = new Set<Socket>();
  const server = createServer((host) => {
    const modem = createConnection(modemPath);
    let begun = "";
    host.on("data", (bytes) => modem.write(bytes));
    modem.on("data", (bytes) => {
      const lines = `${begun}${bytes.toString("latin1")}`.split("\n");
      begun = lines.pop() ?? "";
      for (const line of lines) host.write(`${spell(line.replace(/\r$/, ""))}\r\n`, "latin1");
    });
    for (const [one, other] of [
      [host, modem],
      [modem, host],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    port: `unix:${path}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
