import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderLabel, renderLabels } from "../../src/label/label.js";
import type { LabelTemplate } from "../../src/label/template.js";
import { builtIn, codeTemplate, oneUnit, texts, units } from "./units.js";

/** ZPL as a printer reads it: by the signs that begin a command, wherever they stand (ZPL II Programming Guide, "ZPL command format"). */

interface ZplCommand {
  readonly name: string;
  readonly rest: string;
}

function commandsOf(zpl: string): readonly ZplCommand[] {
  return [...zpl.matchAll(/([\^~])(A|[A-Z0-9@]{2})([^^~]*)/g)].map(([, sign = "", code = "", rest = ""]) => ({
    name: `${sign}${code}`,
    rest: rest.replace(/\n$/, ""),
  }));
}

interface ZplField {
  readonly kind: "text" | "code128" | "qr";
  readonly text: string;
}

/** The fields with data, decoded by the rules of ^FH, ^BC and ^BQ. */
function fieldsOf(zpl: string): readonly ZplField[] {
  const fields: ZplField[] = [];
  let kind: ZplField["kind"] = "text";
  let isHex = false;
  for (const { name, rest } of commandsOf(zpl)) {
    if (name === "^FO") [kind, isHex] = ["text", false];
    if (name === "^BC") kind = "code128";
    if (name === "^BQ") kind = "qr";
    if (name === "^FH") isHex = rest === "_";
    if (name !== "^FD") continue;
    const bytes = isHex
      ? rest.replace(/_([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : rest;
    const data = Buffer.from(bytes, "latin1").toString("utf8");
    fields.push({ kind, text: kind === "code128" ? code128Text(data) : kind === "qr" ? qrText(data) : data });
  }
  return fields;
}

/** "Code 128 invocation characters" of ^BC. */
function code128Text(data: string): string {
  const [, start = "", body = ""] = /^>([:;])([\s\S]*)$/.exec(data) ?? [];
  let set = start === ";" ? "C" : "B";
  let text = "";
  for (const [part, invoked] of body.matchAll(/>(.)|[\s\S]/g)) {
    if (invoked === "5") set = "C";
    else if (invoked === "6") set = "B";
    else if (invoked === undefined) text += part;
    else text += { "0": ">", "<": "^", "=": "~" }[invoked] ?? "?";
    if (set === "C" && invoked === undefined && !/\d/.test(part)) throw new Error(`set C has ${part}`);
  }
  return text;
}

/** Level, M for the manual mode, then the mode's sign. */
function qrText(data: string): string {
  const [, mode = "", body = ""] = /^[LMQH]M,(N|A|B\d{4})([\s\S]*)$/.exec(data) ?? [];
  if (mode === "N" && !/^\d+$/.test(body)) throw new Error("not numeric");
  if (mode === "A" && !/^[A-Z0-9 $%*+./:-]+$/.test(body)) throw new Error("not alphanumeric");
  if (mode.startsWith("B") && Number(mode.slice(1)) !== body.length) throw new Error("counted wrong");
  return body;
}

const zplOf = (template: LabelTemplate, data: Parameters<typeof renderLabel>[1]): string =>
  Buffer.from(renderLabel(template, data, "zpl")).toString("utf8");

describe("ZPL", () => {
  it("says the label's size, and every field in the place and size that was laid out", () => {
    expect(zplOf(builtIn("unit"), oneUnit)).toBe(
      [
        "^XA",
        "^CI28",
        "^PW709",
        "^LL472",
        "^LH0,0",
        "^FO35,30^BY3,2,71^BCN,71,N,N,N,N^FH_^FD>:GW-2026->5000042^FS",
        "^FO35,109^AAN,27,15^FH_^FDS/N GW-2026-000042^FS",
        "^FO37,159^BY3,2,71^BCN,71,N,N,N,N^FH_^FD>;89040000000000000000000000471147^FS",
        "^FO35,239^AAN,27,15^FH_^FDEID 89040000000000000000000000471147^FS",
        "^FO35,307^AAN,27,15^FH_^FDICCID 8988300000000000001^FS",
        "^FO35,354^AAN,27,15^FH_^FDIMEI 004999010640000^FS",
        "^FO35,402^AAN,27,15^FH_^FDBatch 17^FS",
        "^FO553,306^BY2,2,1^BQN,2,6^FH_^FDMM,N89040000000000000000000000471147^FS",
        "^XZ",
        "",
      ].join("\n"),
    );
  });

  it("is read back by the grammar of its fields", () => {
    fc.assert(
      fc.property(units, (data) => {
        const fields = fieldsOf(zplOf(builtIn("activation"), data));
        expect(fields.at(-1)).toEqual({ kind: "qr", text: `LPA:${data.activationCode}` });
        expect(fieldsOf(zplOf(builtIn("unit"), data)).filter(({ kind }) => kind !== "text")).toEqual([
          { kind: "code128", text: data.serial },
          { kind: "code128", text: data.eid },
          { kind: "qr", text: data.eid },
        ]);
      }),
    );
  });

  const text: LabelTemplate = {
    ...codeTemplate("qr"),
    element: [{ kind: "text", xMm: 1, yMm: 1, heightMm: 2, content: "{value}", align: "left", optional: false }],
  };
  const templates = [text, codeTemplate("code128"), codeTemplate("qr")];
  const hostile = ["^XZ^XA^JUS^XZ", "~HI", "a^FS^FDb", "_5EXZ", "\\&", "^CC!", "~CT^", "^FH\\^FD\\5E", ">:>5", "_"];

  it("lets no data end a field or begin a command", () => {
    const value = fc.oneof(fc.constantFrom(...hostile), texts);
    fc.assert(
      fc.property(fc.constantFrom(...templates), value, (template, given) => {
        const zpl = zplOf(template, { fields: { value: given } });
        const harmless = zplOf(template, { fields: { value: "harmless" } });
        const names = (of: string): readonly string[] => commandsOf(of).map(({ name }) => name);
        expect(names(zpl)).toEqual(names(harmless));
        expect(fieldsOf(zpl).map((field) => field.text)).toEqual([given]);
      }),
      { numRuns: 500 },
    );
  });

  it("has each of many labels in a format of its own", () => {
    const zpl = Buffer.from(renderLabels(builtIn("unit"), [oneUnit, oneUnit, oneUnit], "zpl")).toString("utf8");
    expect(zpl).toBe(zplOf(builtIn("unit"), oneUnit).repeat(3));
  });
});
