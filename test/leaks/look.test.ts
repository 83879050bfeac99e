import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { foldersName, isDistinct, makeCollection, openCollection } from "./collection.js";
import { findLeaks } from "./look.js";
import { readCollection } from "./read-collection.js";

/** That the look at the end of a run would see a leak. What it is given here is made up, and goes past the collection of this run. */

const secret = "a-Secret/of 4711";
const planted = [{ what: "the secret", value: secret }];
const eid = "89049032123451234512345678901235";
const iccid = "8988307028874392342";
const imei = "359762080000014";

function whats(stream: Parameters<typeof findLeaks>[0], text: string): readonly string[] {
  return findLeaks(stream, text, planted).map(({ what }) => what);
}

describe("a secret", () => {
  it.each([
    ["as it is", secret],
    ["in JSON", JSON.stringify({ a: secret })],
    ["in a URL", `https://x/?s=${encodeURIComponent(secret)}`],
    ["behind a user's name in Basic authentication", Buffer.from(`AC0:${secret}`).toString("base64")],
    ["at any place in base64", Buffer.from(`AC01:${secret} and more`).toString("base64")],
    ["in hex", Buffer.from(secret).toString("hex").toUpperCase()],
  ])("is found %s, in every stream", (_name, text) => {
    for (const stream of ["log", "recorded", "result", "kept", "printed"] as const)
      expect(whats(stream, `first\n ${text} \n`)).toEqual(["the secret"]);
  });

  it("is told by line and kind, and never repeated", () => {
    const found = findLeaks("log", `well\nwell\n${secret}\n`, planted);
    expect(found).toEqual([{ line: 3, what: "the secret" }]);
    expect(JSON.stringify(found)).not.toContain("4711");
  });

  it("that is a plain or short word cannot be looked for", () => {
    expect(["from-environment", "4711", "top-secret"].filter(isDistinct)).toEqual([]);
    expect(["fake-api-secret-1", secret].filter(isDistinct)).toHaveLength(2);
  });
});

describe("an identifier", () => {
  it.each([
    ["an EID", `{"unit":"${eid}"}`, "an EID that is not masked"],
    ["an EID behind an escape", String.raw`{"line":"a\r\n${eid}"}`, "an EID that is not masked"],
    ["an ICCID", `+QCCID: ${iccid}`, "an ICCID that is not masked"],
    ["an ICCID with its filler", `"${iccid}F"`, "an ICCID that is not masked"],
    ["an IMEI", `the modem ${imei}`, "an IMEI or IMSI that is not masked"],
    ["an activation code", "LPA:1$smdp.example$AB-12-CD", "the matching id of an activation code"],
    ["a PIN", 'AT+CPIN="4711"', "a PIN in an AT command"],
    ["a PIN in a line of a log", String.raw`{"line":"AT+CFUN=1;+CPIN=\"4711\""}`, "a PIN in an AT command"],
    ["a password of a lock", 'AT+CLCK="SC",1,"4711"', "a PIN in an AT command"],
  ])("is found in logs and transcripts, and may be in a result: %s", (_name, text, what) => {
    expect(whats("log", text)).toEqual([what]);
    expect(whats("recorded", text)).toEqual([what]);
    expect(["result", "kept", "printed"].flatMap((stream) => whats(stream as "result", text))).toEqual([]);
  });

  it.each([
    ["that is masked", "8904…1235 and 8988…2342, LPA:1$smdp.example$…"],
    ["that is the name of a resource", `GET /v1/ESimProfiles/HP${"1234567890123456".repeat(2)}`],
    ["that is part of a hash", `${"1".repeat(31)}a${"2".repeat(31)}b`],
    ["in a question for it", 'AT+CPIN? AT+CLCK="SC",2 AT+CPIN=?'],
    ["with zeros for a PIN", 'AT+CPIN="0000"'],
    ["that is a stand-in", `8999${"0".repeat(25)}142 8999900000000000017 001010000000017 1$smdp.example$X0000001`],
    ["that is a time", "1795744952977 1795744952977123"],
  ])("is not what %s is", (_name, text) => {
    expect(whats("log", text)).toEqual([]);
    expect(whats("recorded", text)).toEqual([]);
  });
});

describe("a collection", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esimd-looked-at-"));
    makeCollection(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("without a leak has none, and says what was looked at", () => {
    const collection = openCollection(folder, "stories/any.test.ts");
    collection.plant("the secret", secret);
    collection.open("log", "provision stderr").add("all is well\n");
    expect(readCollection(folder)).toMatchObject({ leaks: [], seen: { log: 1 }, planted: 1 });
  });

  it("with one names the test, what it was of, the line and the kind", () => {
    const collection = openCollection(folder, "stories/any.test.ts");
    collection.plant("the secret", secret);
    const log = collection.open("log", "provision stderr");
    for (const part of ["well\n", secret.slice(0, 5), `${secret.slice(5)}\n`]) log.add(part);
    collection.open("result", "provision stdout").add(`${eid}\n`);
    expect(readCollection(folder).leaks).toEqual([
      expect.stringMatching(/^log\/stories_any\.test\.ts~provision_stderr~\d+-1:2: the secret$/),
    ]);
  });

  it("has what a test left in its folders: transcripts under any name, and state folders, whole", () => {
    const collection = openCollection(folder, "stories/any.test.ts");
    collection.plant("the secret", secret);
    const left = mkdtempSync(join(tmpdir(), "esimd-left-"));
    for (const name of ["euicc/1/more", "closed"]) mkdirSync(join(left, "state", name), { recursive: true });
    const header = '{"schema":"esimd.transcript/1","madeBy":"esimd 1.0.0","source":"unknown","port":"tty"}';
    writeFileSync(join(left, "any-name"), `${header}\n{"atMs":1,"from":"modem","text":"${iccid}"}\n`);
    writeFileSync(join(left, "state/euicc/1/more/journal.json"), secret);
    writeFileSync(join(left, "state/new-kind-of-file"), `${eid} ${secret}`);
    // A configuration, a scenario, a key that the test wrote itself.
    writeFileSync(join(left, "secret"), secret);
    chmodSync(join(left, "state/closed"), 0o000);
    collection.takeFolder(left);
    const leaks = readCollection(folder).leaks.map((leak) => leak.replace(/^.*~\d+-\d+\//, ""));
    chmodSync(join(folder, foldersName, `stories_any.test.ts~left~${process.pid}-1`, "state/closed"), 0o700);
    expect(new Set(leaks)).toEqual(
      new Set([
        "any-name:2: an ICCID that is not masked",
        "state/euicc/1/more/journal.json:1: the secret",
        "state/new-kind-of-file:1: the secret",
      ]),
    );
  });
});
