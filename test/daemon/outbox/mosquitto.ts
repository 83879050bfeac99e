import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** A real broker on the loopback, and a real subscriber: Debian's mosquitto and mosquitto-clients. */

const places = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

function programOf(name: string): string | undefined {
  return places.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export const hasMosquitto = programOf("mosquitto") !== undefined && programOf("mosquitto_sub") !== undefined;

export interface BrokerOptions {
  readonly tls?: "server" | "client-certificates";
  readonly login?: { readonly username: string; readonly password: string };
  /** Lines of its configuration. */
  readonly more?: readonly string[];
}

export interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly retained: boolean;
}

export class Broker {
  readonly folder = mkdtempSync(join(tmpdir(), "esimd-broker-"));
  readonly port: number;
  readonly #options: BrokerOptions;
  readonly #children = new Set<ChildProcess>();
  #broker: ChildProcess | undefined;

  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(await freePort(), options);
    await broker.up();
    return broker;
  }

  private constructor(port: number, options: BrokerOptions) {
    this.port = port;
    this.#options = options;
    if (options.tls !== undefined) this.#makeCertificates();
  }

  get url(): string {
    return this.#options.tls === undefined ? `mqtt://127.0.0.1:${this.port}` : `mqtts://localhost:${this.port}`;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  async up(): Promise<void> {
    const { tls, login, more = [] } = this.#options;
    if (login !== undefined) {
      execFileSync(programOf("mosquitto_passwd") ?? "mosquitto_passwd", [
        "-b",
        "-c",
        this.file("passwords"),
        login.username,
        login.password,
      ]);
    }
    writeFileSync(
      this.file("mosquitto.conf"),
      [
        `listener ${this.port} 127.0.0.1`,
        `allow_anonymous ${login === undefined}`,
        `user ${userInfo().username}`,
        ...(login === undefined ? [] : [`password_file ${this.file("passwords")}`]),
        ...(tls === undefined
          ? []
          : [
              `cafile ${this.file("ca.pem")}`,
              `certfile ${this.file("server.pem")}`,
              `keyfile ${this.file("server.key")}`,
            ]),
        ...(tls === "client-certificates" ? ["require_certificate true", "use_identity_as_username true"] : []),
        ...more,
        "",
      ].join("\n"),
    );
    const child = spawn(programOf("mosquitto") ?? "mosquitto", ["-c", this.file("mosquitto.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let words = "";
    child.stderr.on("data", (chunk: Buffer) => {
      words = `${words}${chunk.toString("utf8")}`.slice(-4000);
    });
    this.#broker = child;
    for (let tries = 0; !(await takesConnections(this.port)); tries++) {
      if (child.exitCode !== null || tries > 600) throw new Error(`mosquitto does not start: ${words}`);
      await pause();
    }
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#broker;
    this.#broker = undefined;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Everything on these topics from now on, retained messages first. */
  async listen(...topics: readonly string[]): Promise<readonly Heard[]> {
    const { tls, login } = this.#options;
    const words = [
      ...["-h", tls === undefined ? "127.0.0.1" : "localhost", "-p", String(this.port), "-V", "5", "-q", "1"],
      ...topics.flatMap((topic) => ["-t", topic]),
      ...["-F", '{"topic":"%t","retained":"%r","payload":"%x"}'],
      ...(login === undefined ? [] : ["-u", login.username, "-P", login.password]),
      ...(tls === undefined ? [] : ["--cafile", this.file("ca.pem")]),
      ...(tls === "client-certificates" ? ["--cert", this.file("client.pem"), "--key", this.file("client.key")] : []),
      "-d",
    ];
    const child = spawn("stdbuf", ["-oL", programOf("mosquitto_sub") ?? "mosquitto_sub", ...words], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    const heard: Heard[] = [];
    let rest = "";
    let isSubscribed = false;
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString("utf8")}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("Subscribed ")) isSubscribed = true;
        if (!line.startsWith("{")) continue;
        const { topic, retained, payload } = JSON.parse(line);
        heard.push({ topic, retained: retained === "1", payload: Buffer.from(payload, "hex").toString("utf8") });
      }
    });
    for (let tries = 0; !isSubscribed; tries++) {
      if (child.exitCode !== null || tries > 600) throw new Error("mosquitto_sub does not subscribe");
      await pause();
    }
    return heard;
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #makeCertificates(): void {
    const openssl = (...words: readonly string[]): void => {
      execFileSync("openssl", words, { cwd: this.folder, stdio: "ignore" });
    };
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=fleet CA", "-days", "2");
    for (const [name, subject, extension] of [
      ["server", "/CN=localhost", "subjectAltName=DNS:localhost"],
      ["client", "/CN=gw-17", "extendedKeyUsage=clientAuth"],
    ] as const) {
      writeFileSync(this.file(`${name}.ext`), `${extension}\n`);
      openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
      openssl(
        ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
        ...["-out", `${name}.pem`, "-days", "2", "-extfile", `${name}.ext`],
      );
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
