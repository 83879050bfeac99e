import { createServer, type Server, type Socket } from "node:net";

/** A station that says what the test says, and remembers what it was told. */
export interface ScriptedStation {
  /** Every line that came, over all connections. */
  readonly heard: readonly string[];
  say(...lines: readonly string[]): void;
  /** Breaks the connections; whoever connects again is greeted as before. */
  hangUp(): void;
  close(): Promise<void>;
}

/** `answer` gives the lines for one that came; OK where it gives none. */
export async function startScriptedStation(
  path: string,
  answer: (line: string) => readonly string[] | undefined,
  greeting = "ESIMD-STATION 1 scripted",
): Promise<ScriptedStation> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.setEncoding("utf8");
    socket.write(`${greeting}\n`);
    socket.on("data", (text) => {
      for (const line of String(text).split("\n").slice(0, -1)) {
        heard.push(line);
        socket.write(`${(answer(line) ?? ["OK"]).join("\n")}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    heard,
    say: (...lines) => {
      for (const socket of sockets) socket.write(lines.map((line) => `${line}\n`).join(""));
    },
    hangUp,
    close: () => {
      hangUp();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
