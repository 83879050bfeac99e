import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TranscriptEntry } from "../../../src/at/transcript/format.js";
import { TranscriptRedactor } from "../../../src/at/transcript/redactor.js";
import { parseEid } from "../../../src/base/identifiers.js";

/** What the redaction makes of conversations with planted identifiers, in every spelling and any split. */

const eid = "89049032123451234512345678901235";
const iccid = "8949000000000000019";
const swappedIccid = "989400000000000010F9";
const imei = "861234059876546";
const imsi = "262019876543210";
const eidInCharacters = Buffer.from(eid, "latin1").toString("hex").toUpperCase();

type Said = readonly ["host" | "modem", string];

function redacted(...said: readonly Said[]): readonly TranscriptEntry[] {
  const entries: TranscriptEntry[] = [];
  const redactor = new TranscriptRedactor((entry) => entries.push(entry));
  for (const [from, text] of said) redactor.text(0, from, text);
  redactor.end();
  return entries;
}

const textsOf = (entries: readonly TranscriptEntry[]): readonly string[] =>
  entries.map((entry) => ("text" in entry ? entry.text : entry.port));

/** One exchange, and what the modem is shown to have answered. */
function answerTo(command: string, answer: string): string {
  return textsOf(redacted(["host", `${command}\r`], ["modem", `\r\n${answer}\r\n\r\nOK\r\n`]))[1] ?? "";
}

const hexCommand = (way: "CGLA=1," | "CSIM=", hex: string): string => `AT+${way}${hex.length},"${hex}"`;
const storeData = (p1: string, p2: string, hex: string): string =>
  `80E2${p1}${p2}${(hex.length / 2).toString(16).padStart(2, "0").toUpperCase()}${hex}`;

describe("an identifier in plain text", () => {
  it("has a stand-in of its shape with right check digits, the same wherever it stands", () => {
    const [, first, , second] = textsOf(
      redacted(
        ["host", 'AT+QESIM="eid"\r'],
        ["modem", `\r\n+QESIM: "eid",${eid}\r\n\r\nOK\r\n`],
        ["host", "AT+EID?\r"],
        ["modem", `\r\n+EID: "${eid}"\r\n\r\nOK\r\n`],
      ),
    );
    const standIn = /\d{32}/.exec(first ?? "")?.[0] ?? "";
    expect(parseEid(standIn, "the stand-in")).not.toBe(eid);
    expect(second).toBe(`\r\n+EID: "${standIn}"\r\n\r\nOK\r\n`);
  });

  it("keeps wrong check digits wrong: the fault may be what the transcript is about", () => {
    const wrong = `${eid.slice(0, 31)}6`;
    const standIn = /\d{32}/.exec(answerTo("AT+EID?", `+EID: "${wrong}"`))?.[0] ?? "";
    expect(() => parseEid(standIn, "the stand-in")).toThrow("check digits");
  });

  it.each([
    ["AT+QCCID", `+QCCID: ${iccid}`, /^\+QCCID: 89999\d{14}$/],
    ["AT+ICCID", `+ICCID: ${iccid}F`, /^\+ICCID: 89999\d{14}F$/],
    ["AT+CGSN", imei, /^00101\d{10}$/],
    ["ATI", `IMEI: ${imei}`, /^IMEI: 00101\d{10}$/],
    ["ATI", `FSN: LR83434535021020`, /^FSN: xx0{14}$/],
    ["AT+CIMI", imsi, /^00101\d{10}$/],
    ["AT+CNUM", '+CNUM: "","+4915112345678",145', /^\+CNUM: "","\+0{12}\d",145$/],
    ["AT+CEREG?", '+CEREG: 2,5,"1A2B","01A2B3C4",7', /^\+CEREG: 2,5,"0000","00000000",7$/],
    ["AT+CGSN", `SN${imei}X`, /^SN00101\d{10}X$/],
  ])("%s answered with %s", (command, answer, expected) => {
    expect(answerTo(command, answer).split("\r\n")[1]).toMatch(expected);
  });

  it.each([
    ["ATI", "Revision: EG25GGBR07A08M2G"],
    ["AT+COPS?", '+COPS: 0,2,"26201",7'],
    ['AT+CCHO="A0000005591010FFFFFFFF8900000100"', "+CCHO: 1"],
    ["AT+CCLK?", '+CCLK: "26/11/24,03:42:29+00"'],
    ["AT+QESIM=?", '+QESIM: ("eid","list","trans")'],
    ["AT+ESLOTSINFO?", '"3B9F96801FC78031E073FE211B63E208A8830F900089"'],
  ])("leaves what identifies nobody: %s", (command, answer) => {
    expect(answerTo(command, answer)).toBe(`\r\n${answer}\r\n\r\nOK\r\n`);
  });
});

describe("secrets", () => {
  it.each([
    [
      'AT+QESIM="download","LPA:1$smdp.example$ABCD-1234-EFGH"',
      /^AT\+QESIM="download","LPA:1\$smdp\.example\$X0{12}1"\r$/,
    ],
    ['AT+QESIM="download",0,"LPA:1$smdp.example$ABCD-1234","secret99"', /^AT.*\$X0{7}1","xxxxxx00"\r$/],
    ['AT+QESIM="download",0,"LPA:1$smdp.example$ABCD-1234",4711', /^AT.*\$X0{7}1",0000\r$/],
    ['AT+CPIN="4711"', /^AT\+CPIN="0000"\r$/],
    ["AT+CFUN=1;+CPIN=4711", /^AT\+CFUN=1;\+CPIN=0000\r$/],
    ['AT+CGAUTH=1,2,"hunter2","joe"', /^AT\+CGAUTH=0,0,"xxxxxx0","xxx"\r$/],
    ["Meet me at 5, code 123456", /^xxxx xx xx 0, xxxx 000000\r$/],
  ])("%s", (line, expected) => {
    expect(textsOf(redacted(["host", `${line}\r`]))[0]).toMatch(expected);
  });

  it.each([
    ["AT+CGAUTH?", '+CGAUTH: 1,1,"user","pass"', '+CGAUTH: 0,0,"xxxx","xxxx"'],
    ["AT+QICSGP=1", '+QICSGP: 1,"internet","user","secretpw",1', '+QICSGP: 0,"xxxxxxxx","xxxx","xxxxxxxx",0'],
    ["AT+CNCFG?", '+CNCFG: 0,1,"internet","user","secretpw",3', '+CNCFG: 0,0,"xxxxxxxx","xxxx","xxxxxxxx",0'],
    ["AT$QCPDPP?", '$QCPDPP: 1,1,"secretpw","user"', '$QCPDPP: 0,0,"xxxxxxxx","xxxx"'],
    ["AT#PASSW?", "#PASSW: secretpw", "#PASSW: xxxxxxxx"],
    ["AT^AUTHDATA?", '^AUTHDATA: 1,2,"","secretpw","user"', '^AUTHDATA: 0,0,"","xxxxxxxx","xxxx"'],
  ])("shown again in an answer: %s", (command, answer, expected) => {
    expect(answerTo(command, answer)).toBe(`\r\n${expected}\r\n\r\nOK\r\n`);
  });

  it.each([
    ["AT+CPIN?", "+CPIN: SIM PIN"],
    ['AT+CLCK="SC",2', "+CLCK: 1"],
    ['AT+QPINC="SC"', '+QPINC: "SC",3,10'],
  ])("are not what a lock's state is: %s", (command, answer) => {
    expect(answerTo(command, answer)).toBe(`\r\n${answer}\r\n\r\nOK\r\n`);
  });

  it("the text of a short message goes, its head stays", () => {
    const [text] = textsOf(redacted(["modem", '\r\n+CMT: "+4915112345678",,"26/11/24"\r\nYour code is 998877\r\n']));
    expect(text).toMatch(/^\r\n\+CMT: "\+0+\d",,"26\/11\/24"\r\nxxxx xxxx xx 000000\r\n$/);
  });
});

describe("what goes to the card and comes from it", () => {
  it("an EID fetched in pieces, cut in its middle", () => {
    const texts = textsOf(
      redacted(
        ["host", `${hexCommand("CGLA=1,", "80E2910006BF3E035C015A")}\r`],
        ["modem", `\r\n+CGLA: 26,"BF3E125A10${eid.slice(0, 12)}6105"\r\n\r\nOK\r\n`],
        ["host", `${hexCommand("CGLA=1,", "80C0000005")}\r`],
        ["modem", `\r\n+CGLA: 24,"${eid.slice(12)}9000"\r\n\r\nOK\r\n`],
      ),
    );
    const parts = [texts[1], texts[3]].map((text) => /"([0-9A-F]+)"/.exec(text ?? "")?.[1] ?? "");
    const answer = (parts[0] ?? "").slice(0, -4) + (parts[1] ?? "").slice(0, -4);
    expect(answer).toMatch(/^BF3E125A10\d{32}$/);
    expect(answer.slice(10)).not.toBe(eid);
    expect(parseEid(answer.slice(10), "the stand-in")).toMatch(/^8999/);
  });

  it("an ICCID that lies across two segments of a command", () => {
    const whole = `BF3111A00C5A0A${swappedIccid}8101FF`;
    const cut = whole.length - 14;
    const texts = textsOf(
      redacted(
        ["host", `${hexCommand("CSIM=", storeData("11", "00", whole.slice(0, cut)))}\r`],
        ["modem", '\r\n+CSIM: 4,"9000"\r\n\r\nOK\r\n'],
        ["host", `${hexCommand("CSIM=", storeData("91", "01", whole.slice(cut)))}\r`],
      ),
    );
    const data = [texts[0], texts[2]].map((text) => /,"[0-9A-F]{10}([0-9A-F]+)"/.exec(text ?? "")?.[1] ?? "").join("");
    expect(data).toHaveLength(whole.length);
    expect(data).not.toContain(swappedIccid);
    expect(data).toMatch(/5A0A989909\d{12}F\d/);
  });

  it("the EID in the characters of a certificate, and all that is not known to be harmless", () => {
    const subject = `3027${`0603550405${"1320"}${eidInCharacters}`}`;
    const certificate = `30${(subject.length / 2).toString(16).padStart(2, "0")}${subject}`.toUpperCase();
    const body = `BF38${((certificate.length + 36) / 2).toString(16).padStart(2, "0").toUpperCase()}8010${"AB".repeat(16)}${certificate}`;
    const texts = textsOf(
      redacted(
        ["host", `${hexCommand("CGLA=1,", "80E2910003BF3800")}\r`],
        ["modem", `\r\n+CGLA: ${body.length + 4},"${body}9000"\r\n`],
      ),
    );
    expect(texts[1]).toContain(`BF38`);
    expect(texts[1]).toContain("0603550405");
    expect(texts[1]).not.toContain(eidInCharacters);
    expect(texts[1]).not.toContain("ABABAB");
    expect(texts[1]).toMatch(/1320383939393030/);
  });

  it.each([
    ["AT+CRSM=176,12258,0,0,10", `+CRSM: 144,0,"${swappedIccid}"`, /^\+CRSM: 144,0,"989909\d{12}F\d"$/],
    ["AT+CRSM=176,28423,0,0,9", '+CRSM: 144,0,"082926108967452301"', /^\+CRSM: 144,0,"080910\d{12}"$/],
    ["AT+CRSM=178,28480,1,4,28", `+CRSM: 144,0,"${"4A".repeat(28)}"`, /^\+CRSM: 144,0,"F{56}"$/],
    [hexCommand("CSIM=", "00B000000A"), `+CSIM: 24,"${swappedIccid}9000"`, /^\+CSIM: 24,"989909\d{12}F\d9000"$/],
    [hexCommand("CSIM=", `0088008110${"AB".repeat(16)}`), `+CSIM: 28,"${"CD".repeat(12)}9000"`, /"0{24}9000"$/],
  ])("%s", (command, answer, expected) => {
    expect(answerTo(command, answer).split("\r\n")[1]).toMatch(expected);
  });

  it.each([
    ["AT+CRSM=176,12258,0,0,10", "AT+CRSM=176,12258,0,0,10"],
    ["AT+CRSM=242", "AT+CRSM=242"],
    ['AT+CRSM=220,28480,1,4,4,"4A6F6521"', 'AT+CRSM=220,28480,1,4,4,"00000000"'],
  ])("%s is shown as %s", (command, shown) => {
    expect(textsOf(redacted(["host", `${command}\r`]))).toEqual([`${shown}\r`]);
  });

  it("a PIN, a short message and the like are overwritten in the command", () => {
    const [text] = textsOf(redacted(["host", `${hexCommand("CSIM=", "002000010831323334FFFFFFFF")}\r`]));
    expect(text).toBe('AT+CSIM=26,"00200001080000000000000000"\r');
  });
});

describe("relayed HTTPS", () => {
  const message = Buffer.from(`BF2F1E800105810204800C09736D64702E6578616D5A0A${swappedIccid}`, "hex");
  const notification = Buffer.concat([Buffer.from([0x30, message.length]), message]).toString("base64");
  const json = `{"header":{"functionExecutionStatus":{"status":"Executed-Success"}},"transactionId":"${"AB".repeat(16)}","pendingNotification":"${notification}","eid":"${eid}"}`;

  it("a request of the modem stays JSON of the same length, its base64 with stand-ins", () => {
    const line = `+QESIM: "trans",0,"gsma/rsp2/es9plus/handleNotification",${json.length},"${json}"`;
    const [text = ""] = textsOf(redacted(["modem", `\r\n${line}\r\n`]));
    expect(text).toHaveLength(line.length + 4);
    expect(text).not.toContain(eid);
    expect(text).not.toContain("ABABAB");
    const shown: unknown = JSON.parse(/(\{.*\})"/.exec(text)?.[1] ?? "");
    expect(shown).toMatchObject({ header: { functionExecutionStatus: { status: "Executed-Success" } } });
    const inner = Buffer.from(/pendingNotification":"([^"]+)"/.exec(text)?.[1] ?? "", "base64").toString("hex");
    expect(inner).toMatch(/5a0a989909\d{12}f\d$/);
  });

  it("a response of the host is redacted across its chunks", () => {
    const http = `HTTP/1.1 200 OK\r\nSet-Cookie: session=abc123\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
    const hex = Buffer.from(http, "latin1").toString("hex").toUpperCase();
    // The cut goes through the EID.
    const cutAt = hex.indexOf(eidInCharacters) + 20;
    const parts = [hex.slice(0, cutAt), hex.slice(cutAt)];
    const said = parts.flatMap((part, index): Said[] => [
      ["host", `AT+QESIM="trans",${hex.length},${1 - index},${index},${part.length},"${part}"\r`],
      ["modem", "\r\nOK\r\n"],
    ]);
    const sent = textsOf(redacted(...said)).flatMap((text) => /"([0-9A-F]+)"\r$/.exec(text)?.[1] ?? []);
    expect(sent.map((part) => part.length)).toEqual(parts.map((part) => part.length));
    const shown = Buffer.from(sent.join(""), "hex").toString("latin1");
    expect(shown).toMatch(/^HTTP\/1\.1 200 OK\r\nxxx-xxxxxx: /);
    for (const secret of [eid, "abc123", notification, "ABABAB"]) expect(shown).not.toContain(secret);
  });
});

it("an opaque session handle stays the same handle", () => {
  const texts = textsOf(
    redacted(
      ["modem", "\r\n+CCHO: 000000000385a7cf\r\n"],
      ["host", 'AT+CGLA=000000000385a7cf,22,"80E2910006BF3E035C015A"\r'],
      ["host", "AT+CCHC=000000000385a7cf\r"],
    ),
  );
  expect(new Set(texts.map((text) => /[0-9a-f]{16}/.exec(text)?.[0])).size).toBe(1);
});

describe("framing", () => {
  it("an echo shows the same stand-ins as its command, also when the modem woke up late", () => {
    const command = `AT+QESIM="enable","${iccid}"`;
    const [host, modem] = textsOf(redacted(["host", `${command}\r`], ["modem", `${command.slice(2)}\r\r\nOK\r\n`]));
    expect(host).not.toContain(iccid);
    expect(modem).toBe(`${host?.slice(2, -1)}\r\r\nOK\r\n`);
  });

  it("a line that was cut off keeps no digits", () => {
    expect(textsOf(redacted(["modem", `\r\n+QESIM: "eid",${eid.slice(0, 9)}`]))).toEqual([
      '\r\n+xxxxx: "xxx",000000000',
    ]);
  });

  it("half a message at the end is overwritten", () => {
    const half = `BF2B32A0305A10${eid}`;
    const [text] = textsOf(redacted(["host", `${hexCommand("CGLA=1,", storeData("11", "00", half))}\r`]));
    expect(text).not.toContain(eid.slice(0, 8));
    expect(text).toContain("80E21100");
  });

  it("in any split: the same bytes in the same pieces, and no planted identifier", () => {
    const planted = [eid, iccid, imei, imsi, swappedIccid, eidInCharacters];
    const said: readonly Said[] = [
      ["host", 'AT+QESIM="eid"\r'],
      ["modem", `AT+QESIM="eid"\r\r\n+QESIM: "eid",${eid}\r\n\r\nOK\r\n`],
      ["host", "AT+CGSN;+CIMI\r\n"],
      ["modem", `\r\n${imei}\r\n\r\n${imsi}\r\n\r\nOK\r\n`],
      ["host", `${hexCommand("CGLA=1,", "80E2910003BF2D00")}\r`],
      ["modem", `\r\n+CGLA: 40,"BF2D10A00EE30C5A0A${swappedIccid}9000"\r\n\r\n+QIND: 1\r\nOK\r\n`],
      ["host", `AT+QESIM="enable","${iccid}"\r`],
      ["modem", `\xffnoise\x00 ${eidInCharacters}\r\nOK\r\n`],
    ];
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const pieces: Said[] = said.flatMap(([from, text], index) =>
          cut(text, sizes, index).map((part) => [from, part] as const),
        );
        const out = textsOf(redacted(...pieces));
        expect(out.map((text) => text.length)).toEqual(pieces.map(([, text]) => text.length));
        const whole = out.join("");
        for (const one of planted) expect(whole).not.toContain(one);
        expect(whole.replace(/[0-9A-Fx]/g, "")).toBe(
          pieces
            .map(([, text]) => text)
            .join("")
            .replace(/[0-9A-Fx]/g, ""),
        );
      }),
      { numRuns: 100 },
    );
  });
});

function cut(text: string, sizes: readonly number[], from: number): readonly string[] {
  const parts: string[] = [];
  for (let at = 0, turn = from; at < text.length; turn++) {
    const size = 1 + (sizes[turn % sizes.length] ?? 0);
    parts.push(text.slice(at, at + size));
    at += size;
  }
  return parts;
}
