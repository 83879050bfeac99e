import { createServer, request } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { signTwilioWebhook } from "../../../src/api/webhook-signature.js";
import { systemClock, VirtualClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { createLog, createRedactor } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { listenForCallbacks } from "../../../src/daemon/callbacks/listener.js";
import { SeenTokens } from "../../../src/daemon/callbacks/seen-tokens.js";
import type { Daemon } from "../../../src/daemon/companions.js";
import type { FoundFile } from "../../../src/daemon/config/files.js";
import { type ConfigKey, loadConfig } from "../../../src/daemon/config/load.js";
import { ControlRoutes } from "../../../src/daemon/control/routes.js";
import { DaemonEvents } from "../../../src/daemon/events.js";
import type { Modems, ModemView } from "../../../src/daemon/modems.js";
import { realOutside } from "../../../src/daemon/outside.js";
import { fakeApiDefaults } from "../../../src/emulator/api/fake-api.js";
import { type Hint, Hints } from "../../../src/provision/hints.js";
import { noFacts } from "../../../src/provision/run.js";
import { buildReport } from "../../../src/report/build.js";
import { realHost } from "../../../src/serial/host-roots.js";
import { clientOf, create, eid, fakeApi, until } from "../../emulator/api/harness.js";

const token = "an-auth-token-of-the-tests";
const callbackUrl = "https://fleet.example.com/hooks/esim";

interface Listening {
  readonly url: string;
  readonly hints: Hints;
  readonly provisioned: string[];
  readonly logged: string[];
  readonly close: () => Promise<void>;
}

interface Setup {
  readonly config?: Readonly<Partial<Record<ConfigKey, string>>>;
  readonly secret?: string;
  readonly view?: Pick<ModemView, "activity" | "report">;
}

/** The listener of a daemon whose one modem stands as `view` says, on a free port. */
async function listening({ config: more, secret = token, view }: Setup = {}): Promise<Listening> {
  const file = (text: string): FoundFile => ({ regular: true, bytes: Buffer.from(text), mode: 0o400, ownerUid: 0 });
  const { config } = loadConfig({
    env: { CREDENTIALS_DIRECTORY: "/run/credentials/esimd" },
    defaults: { "api.callback_url": callbackUrl, "callbacks.path": "/inner", ...more },
    overrides: [],
    fileSystem: {
      ownUid: 0,
      folderMode: () => 0o700,
      listDir: () => undefined,
      readFile: (path) =>
        path.endsWith("esimd_callback_secret")
          ? file(secret)
          : path.endsWith("config.toml")
            ? file('[callbacks]\nlisten = "127.0.0.1:0"')
            : undefined,
    },
  });
  const hints = new Hints();
  const provisioned: string[] = [];
  const logged: string[] = [];
  const write = (line: string): number => logged.push(line);
  const log = createLog({ level: "debug", write, redactor: createRedactor(), journald: false });
  const modems: Modems = {
    list: () => (view === undefined ? [] : [{ name: "gate", port: "/dev/modem", path: undefined, ...view }]),
    provision: (name) => provisioned.push(name),
    pause: async () => undefined,
    resume: () => undefined,
    configOf: () => config,
  };
  const events = new DaemonEvents(systemClock, log);
  const daemon: Daemon = {
    config: () => config,
    env: {},
    host: realHost,
    outside: realOutside,
    clock: systemClock,
    random: seededRandom(1),
    log,
    events,
    modems,
    routes: new ControlRoutes(),
    reload: async () => undefined,
    drain: () => undefined,
    hints,
  };
  const companion = await listenForCallbacks(daemon, new AbortController().signal);
  onTestFinished(() => companion.close());
  const port = /"port":(\d+)/.exec(logged.join(""))?.[1];
  return { url: `http://127.0.0.1:${port}/inner`, hints, provisioned, logged, close: companion.close };
}

const fields = { ESimProfileSid: "HP1", Eid: eid, ESimProfileStatus: "available" };

function call(url: string, change: string, signed = true): Promise<Response> {
  const signature = signTwilioWebhook({ authToken: signed ? token : "other", url: callbackUrl, parameters: fields });
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": signature,
      "i-twilio-idempotency-token": change,
    },
    body: new URLSearchParams(fields).toString(),
  });
}

describe("the listener for callbacks", () => {
  it("wakes the run that waits, once for each change", async () => {
    const { url, hints } = await listening();
    const seen: unknown[] = [];
    hints.subscribe((hint) => {
      seen.push(hint);
      return true;
    });
    expect((await call(url, "one")).status).toBe(204);
    expect((await call(url, "one")).status).toBe(204);
    expect((await call(url, "two")).status).toBe(204);
    await until(
      async () => seen.length,
      (count) => count === 2,
    );
    expect(seen).toEqual([
      { sid: "HP1", eid },
      { sid: "HP1", eid },
    ]);
  });

  it("does nothing for a forged one, and tells of the first few only", async () => {
    const { url, hints, logged } = await listening();
    hints.subscribe(() => {
      throw new Error("a forged callback got through");
    });
    for (let nth = 0; nth < 9; nth++) {
      const response = await call(url, `t${nth}`, false);
      expect([response.status, await response.text()]).toEqual([403, "the signature does not hold\n"]);
    }
    expect(logged.filter((line) => line.includes("was refused"))).toHaveLength(5);
  });

  const failed = buildReport(
    {
      state: "failed",
      error: new EsimdError("no_stock", "there is none"),
      facts: { ...noFacts(), eid },
      startedAtMs: 0,
      finishedAtMs: 1,
      timings: {},
    },
    "/dev/modem",
    true,
  );
  const resting = { kind: "resting", sentence: "", sinceMs: 0, untilMs: null } as const;
  const paused = { kind: "paused", sinceMs: 0 } as const;

  it.each([
    ["that rests after a failure that passes is tried now", resting, failed, ["gate"]],
    ["that is paused stays so", paused, failed, []],
    ["that is held stays so: a person decides", resting, { ...failed, state: "held" as const }, []],
    ["of another eUICC is left alone", resting, { ...failed, eid: "89049032123451234512345678909999" }, []],
    ["that never ran is left alone", resting, undefined, []],
  ])("a modem %s", async (_how, activity, report, expected) => {
    const { url, provisioned, logged } = await listening({ view: { activity, report } });
    expect((await call(url, "one")).status).toBe(204);
    await until(
      async () => logged.some((line) => line.includes("the provider called back")),
      (told) => told,
    );
    expect(provisioned).toEqual(expected);
  });

  it("takes no more of a body than a callback has", async () => {
    const { url } = await listening();
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "x".repeat(17_000),
    }).catch((error: unknown) => error);
    // It may find the connection closed before it has sent it all.
    if (response instanceof Response) expect(response.status).toBe(413);
    expect((await call(url, "after")).status).toBe(204);
  });

  it("is closed with calls half made", async () => {
    const { url, close } = await listening();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("error", () => undefined);
    socket.write("POST /hooks/esim HTTP/1.1\r\nHost: x\r\n");
    await new Promise((resolve) => socket.once("connect", resolve));
    await close();
    await closed;
  });

  it.each(["twilio", "kore"] as const)(
    "hears %s through a proxy when a reservation becomes available",
    async (provider) => {
      // The proxy stands where the provider was told to call, and the listener behind it, under another path.
      let inner = "";
      const proxy = createServer((incoming, outgoing) => {
        const headers = incoming.headers;
        const onward = request(inner, { method: incoming.method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502);
          answer.pipe(outgoing);
        });
        incoming.pipe(onward);
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => new Promise((resolve) => proxy.close(() => resolve())));
      const address = proxy.address();
      if (address === null || typeof address === "string") throw new Error("no TCP address");
      const outer = `http://127.0.0.1:${address.port}/hooks/esim?unit=1`;
      const { url, hints } = await listening({
        config: { "api.provider": provider, "api.callback_url": outer },
        secret: fakeApiDefaults.secret,
      });
      inner = `${url}?unit=1`;
      const heard: Hint[] = [];
      hints.subscribe((hint) => {
        heard.push(hint);
        return true;
      });
      const client = clientOf(await fakeApi(), { provider, callbackUrl: outer });
      const { sid } = await create(client, { eid });
      await until(
        async () => heard.length,
        (count) => count > 0,
      );
      expect(heard).toEqual([{ sid, eid }]);
    },
  );
});

describe("tokens that were seen", () => {
  it("are bounded, and the oldest goes first", () => {
    const seen = new SeenTokens(new VirtualClock());
    for (let nth = 0; nth < 1_001; nth++) expect(seen.isNew(`t${nth}`)).toBe(true);
    expect(seen.isNew("t1000")).toBe(false);
    expect(seen.isNew("t0")).toBe(true);
  });

  it("are forgotten after a day", async () => {
    const clock = new VirtualClock();
    const seen = new SeenTokens(clock);
    expect([seen.isNew("one"), seen.isNew("one")]).toEqual([true, false]);
    await clock.advance(24 * 3_600_000);
    expect(seen.isNew("one")).toBe(true);
  });
});
