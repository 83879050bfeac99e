import { describe, expect, it } from "vitest";
import { createLog, createRedactor, type LogLevel } from "../../src/base/logging.js";

/** The lines of a log at `level`, after `write` has logged. */
function logged(level: LogLevel, write: (log: ReturnType<typeof createLog>) => void, secrets: string[] = []): string {
  let text = "";
  const redactor = createRedactor();
  for (const secret of secrets) redactor.addSecret(secret);
  write(
    createLog({
      level,
      redactor,
      journald: false,
      write: (line) => {
        text += line;
      },
    }),
  );
  return text;
}

const eid = "89049032123451234512345678901235";
const iccid = "8988307028874392342";
const base64 = Buffer.alloc(60, 0x5a).toString("base64");

describe("a line of the log", () => {
  it.each([
    ["an EID in a query", { url: `/v1/ESimProfiles?Eid=${eid}&PageSize=100` }, [eid]],
    ["an EID in the path of the state folder", { path: `/var/lib/esimd/euicc/${eid}/lock` }, [eid]],
    ["an EID and an ICCID between quotes of AT", { line: `+QESIM: "list",0,"${iccid}",1 "${eid}"` }, [eid, iccid]],
    ["an ICCID with its filler", { line: `+CRSM: 144,0,"${iccid}F"` }, [iccid]],
    ["an IMEI", { line: "001019000000017" }, ["001019000000017"]],
    ["base64 inside JSON inside JSON", { line: JSON.stringify({ a: JSON.stringify({ b: base64 }) }) }, [base64]],
    ["hex of an APDU", { line: `+CGLA: 46,"BF3E125A10${eid}9000"` }, [eid]],
    [
      "the matching id of an activation code",
      { line: 'AT+QESIM="download","LPA:1$smdp.example$AB-12-CD"' },
      ["AB-12-CD"],
    ],
    [
      "a confirmation code of any length behind it",
      { line: 'AT+QESIM="download","LPA:1$smdp.example$AB-12-CD$$1","4711"' },
      ["AB-12-CD", "4711"],
    ],
    ["a PIN", { line: 'AT+CPIN="4711"' }, ["4711"]],
    ["a PIN in a chain, and a new one", { line: 'AT+CFUN=1;+CPIN="47110815","4711";+CSQ' }, ["4711"]],
    ["a password of a lock", { line: 'at+clck = "SC",1,"4711"' }, ["4711"]],
    ["a login of the data context", { line: 'AT+CGAUTH=1,1,"user","pass-4711"' }, ["user", "4711"]],
    ["what follows the end of a line", { line: `all\r\n${eid}\n${iccid}\t${base64}` }, [eid, iccid, base64]],
    ["what follows a control character", { line: `\u0001${eid}\u0000001019000000017` }, [eid, "001019000000017"]],
    ["the message of an error's cause", { error: new Error("no", { cause: new Error(`of ${eid}`) }) }, [eid]],
  ])("masks %s", (_name, facts, hidden) => {
    const line = logged("trace", (log) => log.trace(facts, "said"));
    for (const text of hidden) expect(line).not.toContain(text);
    expect(line).toContain("…");
    expect(JSON.parse(line)).toMatchObject({ msg: "said" });
  });

  it("masks what stands in the sentence, too, and what is put into a child's facts", () => {
    const line = logged("info", (log) => log.child({ unit: eid }).info({}, `the EID is ${eid}`));
    expect(line).not.toContain(eid);
    expect(line.match(/8904…1235/g)).toHaveLength(2);
  });

  it("removes a secret as it is, in JSON and in a URL", () => {
    const secret = 'pa"ss wörd/1';
    const facts = { plain: secret, url: `https://x/?s=${encodeURIComponent(secret)}` };
    const line = logged("info", (log) => log.info(facts, "hello"), [secret]);
    expect(line.match(/\[secret\]/g)).toHaveLength(2);
    expect(line).not.toContain("rd/1");
  });

  it("leaves a path readable but for the EID in it", () => {
    const facts = { path: `/var/lib/esimd/state/of/this/device/euicc/${eid}/journal` };
    const line = logged("info", (log) => log.info(facts, "said"));
    expect(line).toContain("/var/lib/esimd/state/of/this/device/euicc/8904…1235/journal");
  });

  it.each([
    { line: "AT+CPIN?" },
    { line: "AT+CPIN=?" },
    { line: "+CPIN: READY" },
    { line: 'AT+QESIM="download","LPA:1$smdp.example$"' },
    { code: "LPA:1$smdp.example$", next: "4711", list: ["1$smdp.example$", "4711"] },
  ])("leaves what is no secret: %j", (facts) => {
    const line = logged("debug", (log) => log.debug(facts, "said"));
    expect(JSON.parse(line)).toMatchObject(facts);
  });

  it("masks the code alone where other facts follow it", () => {
    const line = logged("debug", (log) => log.debug({ code: "1$smdp.example$AB-12", next: "4711" }, "said"));
    expect(JSON.parse(line)).toMatchObject({ code: "1$smdp.example$…", next: "4711", msg: "said" });
  });

  it("leaves names of resources and requests as they are: without them nobody can ask the provider", () => {
    const sid = `HP${"0a".repeat(16)}`;
    const line = logged("debug", (log) => log.debug({ operation: `GET /v1/ESimProfiles/${sid}` }, "the API answered"));
    expect(line).toContain(`GET /v1/ESimProfiles/${sid}`);
  });
});
