import { describe, expect, it } from "vitest";
import type { DownloadOutcome, DownloadRequest } from "../../../src/emulator/modem/dialects/download.js";
import type { WorldInput } from "../../../src/emulator/modem/scenario.js";
import { type Desk, lines, quietDesk } from "./desk.js";

/** How the dialects carry a download; the LPA here asks two questions and remembers. */

const code = "LPA:1$smdp.example$MATCHING-1";

class Lpa {
  readonly requests: DownloadRequest[] = [];
  readonly answers: string[] = [];
  installs = 0;

  readonly run = async (request: DownloadRequest): Promise<DownloadOutcome> => {
    this.requests.push(request);
    try {
      for (const step of ["initiateAuthentication", "getBoundProfilePackage"]) {
        const { status, body } = await request.post(step, `{"step":"${step}"}`);
        this.answers.push(`${status} ${body}`);
        if (status !== 200) return { ok: false, stage: "answer", reason: "status" };
      }
    } catch {
      return { ok: false, stage: "network", reason: "cancelled" };
    }
    this.installs++;
    return { ok: true };
  };
}

function relayed(body: string, more = false): string {
  const hex = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`).toString("hex");
  if (!more) return `AT+QESIM="trans",${hex.length},0,0,${hex.length},"${hex}"`;
  return `AT+QESIM="trans",${hex.length},1,0,20,"${hex.slice(0, 20)}"\rAT+QESIM="trans",${hex.length},0,1,${hex.length - 20},"${hex.slice(20)}"`;
}

const question = (step: string): string =>
  `+QESIM: "trans",0,"gsma/rsp2/es9plus/${step}",${`{"step":"${step}"}`.length},"{"step":"${step}"}"|OK`;

async function relayDesk(world: WorldInput = {}): Promise<{ desk: Desk; lpa: Lpa }> {
  const lpa = new Lpa();
  return { desk: await quietDesk({ lpa: lpa.run, world }), lpa };
}

describe("a download that the host relays", () => {
  const start = `AT+QESIM="download","${code}"`;

  it("asks, takes chunks, asks again, and ends with a line of its own", async () => {
    const { desk, lpa } = await relayDesk();
    expect(await desk.ask(start)).toBe(question("initiateAuthentication"));
    expect(await desk.ask(relayed('{"a":1}', true))).toBe(`OK|${question("getBoundProfilePackage")}`);
    expect(await desk.ask(relayed('{"b":2}'))).toBe('OK|+QESIM:"download",0');
    expect(lpa.answers).toEqual(['200 {"a":1}', '200 {"b":2}']);
    expect(lpa.requests[0]).toMatchObject({ smdpAddress: "smdp.example", matchingId: "MATCHING-1" });
  });

  it("takes an activation code without a matching id: the default SM-DP+", async () => {
    const { desk, lpa } = await relayDesk();
    await desk.ask('AT+QESIM="download","LPA:1$smdp.example$"');
    expect(lpa.requests[0]?.matchingId).toBeUndefined();
  });

  it("refuses a wrong chunk and takes the right one then", async () => {
    const { desk } = await relayDesk();
    await desk.ask(start);
    const right = relayed('{"a":1}');
    expect(await desk.ask(right.replace(",0,0,", ",0,1,"))).toBe("+CME ERROR: 50");
    expect(await desk.ask(right.replace('"trans",', '"trans",1'))).toBe("+CME ERROR: 50");
    expect(await desk.ask(right)).toBe(question("getBoundProfilePackage"));
  });

  it("refuses a second one, and changes of profiles, while it runs", async () => {
    const { desk } = await relayDesk();
    await desk.ask(start);
    expect(await desk.ask(start)).toBe("+CME ERROR: 3");
    expect(await desk.ask('AT+QESIM="delete","8988303000000000025"')).toBe("+CME ERROR: 14");
    expect(await desk.ask('AT+CCHO="A0000005591010FFFFFFFF8900000100"')).toBe("+CME ERROR: 14");
    expect(await desk.ask('AT+QESIM="list"')).toContain("Super SIM");
  });

  it("fails when the SM-DP+ fails, or what is relayed is no HTTP", async () => {
    const { desk } = await relayDesk();
    await desk.ask(start);
    const failure = Buffer.from("HTTP/1.1 500 Oops\r\n\r\n").toString("hex");
    const sent = `AT+QESIM="trans",${failure.length},0,0,${failure.length},"${failure}"`;
    expect(await desk.ask(sent)).toBe('OK|+QESIM:"download",1');
    await desk.ask(start);
    expect(await desk.ask('AT+QESIM="trans",4,0,0,4,"4142"')).toBe('OK|+QESIM:"download",1');
    expect(await desk.ask(start)).toBe(question("initiateAuthentication"));
  });

  it("gives up when the host falls silent", async () => {
    const { desk } = await relayDesk();
    await desk.ask(start);
    expect(await desk.heard(119_999)).toBe("");
    expect(lines(await desk.heard(1))).toBe('+QESIM:"download",1');
    expect(await desk.ask(relayed("{}"))).toBe("+CME ERROR: 3");
  });

  it("is forgotten when the power goes", async () => {
    const { desk, lpa } = await relayDesk();
    await desk.ask(start);
    desk.modem.powerOff();
    desk.modem.powerOn();
    expect(lines(await desk.heard(200_000))).not.toContain("download");
    await desk.ask("ATE0");
    await desk.ask("AT+CMEE=1");
    expect(await desk.ask(relayed("{}"))).toBe("+CME ERROR: 3");
    expect(lpa.installs).toBe(0);
  });

  it("can be called failed although it worked, and a success although it did not", async () => {
    const fails = await relayDesk({ download: "fails-but-present" });
    await fails.desk.ask(start);
    await fails.desk.ask(relayed("{}"));
    expect(await fails.desk.ask(relayed("{}"))).toBe('OK|+QESIM:"download",1');
    expect(fails.lpa.installs).toBe(1);
    const ok = await relayDesk({ download: "ok-but-absent", downloadTimes: 1 });
    for (const installs of [0, 1]) {
      await ok.desk.ask(start);
      await ok.desk.ask(relayed("{}"));
      expect(await ok.desk.ask(relayed("{}"))).toBe('OK|+QESIM:"download",0');
      expect(ok.lpa.installs).toBe(installs);
    }
  });

  it("can end late, or without a word", async () => {
    const late = await relayDesk({ completionDelayMs: 5000 });
    await late.desk.ask(start);
    await late.desk.ask(relayed("{}"));
    expect(await late.desk.ask(relayed("{}"), 4999)).toBe("OK");
    expect(lines(await late.desk.heard(1))).toBe('+QESIM:"download",0');
    const missing = await relayDesk({ completionMissing: true });
    await missing.desk.ask(start);
    await missing.desk.ask(relayed("{}"));
    expect(await missing.desk.ask(relayed("{}"), 600_000)).toBe("OK");
    expect(missing.lpa.installs).toBe(1);
  });
});

describe("a download that the modem does by its own network", () => {
  const start = `AT+QESIM="download",0,"${code}"`;
  const dialect = "quectel-nwmode";

  it("says OK at once and ends with a URC", async () => {
    const lpa = new Lpa();
    const asked: string[] = [];
    const ownNetwork = async (functionName: string) => {
      asked.push(functionName);
      return { status: 200, body: "{}" };
    };
    const desk = await quietDesk({ dialect, lpa: lpa.run, ownNetwork });
    expect(await desk.ask(`AT+QESIM="download",0,"${code}","1234"`)).toBe('OK|+QESIM: "download",0');
    expect(asked).toEqual(["initiateAuthentication", "getBoundProfilePackage"]);
    expect(lpa.requests[0]).toMatchObject({ confirmationCode: "1234" });
  });

  it("cannot without a network, and says so only afterwards", async () => {
    const lpa = new Lpa();
    const desk = await quietDesk({ dialect, profiles: [], lpa: lpa.run });
    expect(await desk.ask(start)).toBe('OK|+QESIM: "download",0x8500000f');
    expect(lpa.requests).toEqual([]);
  });

  it("is one at a time, and busy for changes meanwhile", async () => {
    const ownNetwork = () => new Promise<never>(() => undefined);
    const desk = await quietDesk({ dialect, lpa: new Lpa().run, ownNetwork });
    expect(await desk.ask(start)).toBe("OK");
    expect(await desk.ask(start)).toBe('+QESIM: "download",0x85000011|OK');
    expect(await desk.ask('AT+QESIM="delete","8988303000000000025"')).toBe('+QESIM: "delete",0x85000011|OK');
    expect(await desk.ask('AT+QESIM="list",0')).toContain("KORE");
  });

  it("goes on where only the line broke, and is forgotten where the power went", async () => {
    for (const keepsPower of [true, false]) {
      const lpa = new Lpa();
      const unplug = { kind: "unplug", when: "executed", keepsPower } as const;
      const desk = await quietDesk({
        dialect,
        lpa: lpa.run,
        ownNetwork: async () => ({ status: 200, body: "{}" }),
        behaviours: [{ command: "download", do: unplug }],
      });
      await desk.ask(start);
      expect(lpa.installs).toBe(keepsPower ? 1 : 0);
    }
  });

  it.each<[DownloadOutcome, string]>([
    [{ ok: true }, "0"],
    [{ ok: false, stage: "authenticateServer", reason: "ciPKUnknown" }, "0x85000707"],
    [{ ok: false, stage: "prepareDownload", reason: "invalidSignature" }, "0x85000802"],
    [{ ok: false, stage: "prepareDownload", reason: "confirmationCodeRequired" }, "0x85000003"],
    [{ ok: false, stage: "network", reason: "smdp_untrusted" }, "0x8500000f"],
    [{ ok: false, stage: "network", reason: "deadline" }, "0x85000017"],
    [{ ok: false, stage: "smdp", reason: "Refused" }, "0x85000016"],
    [{ ok: false, stage: "answer", reason: "HTTP 500" }, "0x85000014"],
    [{ ok: false, stage: "lpa", reason: "?" }, "0x85000005"],
    [{ ok: false, stage: "install", reason: "installFailedDueToInsufficientMemoryForProfile" }, "0x8500090a"],
  ])("ends %j with %s", async (outcome, result) => {
    const desk = await quietDesk({ dialect, lpa: async () => outcome });
    expect(await desk.ask(start)).toBe(`OK|+QESIM: "download",${result}`);
  });

  it("can end late, or without a word", async () => {
    const ok = async (): Promise<DownloadOutcome> => ({ ok: true });
    const late = await quietDesk({ dialect, lpa: ok, world: { completionDelayMs: 5000 } });
    expect(await late.ask(start, 4999)).toBe("OK");
    expect(lines(await late.heard(1))).toBe('+QESIM: "download",0');
    const missing = await quietDesk({ dialect, lpa: ok, world: { completionMissing: true } });
    expect(await missing.ask(start, 600_000)).toBe("OK");
  });
});
