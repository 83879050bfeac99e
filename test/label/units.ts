import fc from "fast-check";
import { builtInTemplate } from "../../src/label/built-in.js";
import { type LabelData, parseLabelData } from "../../src/label/data.js";
import type { LabelTemplate } from "../../src/label/template.js";

/** Units to make labels of. None of them is anybody's. */

export const eid = "89049032000000000000000000000042";

export const oneUnit: LabelData = parseLabelData(
  {
    serial: "GW-2026-000042",
    eid: eidOf(4711n),
    iccid: "8988300000000000001",
    imei: "004999010640000",
    activation_code: "1$SMDP.EXAMPLE.COM$QR-0000-0042",
    batch: "Batch 17",
  },
  "the test",
);

/** An EID of the given number, with its check digits. */
export function eidOf(number: bigint): string {
  const body = (8904n * 10n ** 26n + (number % 10n ** 26n)) * 100n;
  return String(body + (98n - (body % 97n)));
}

export function builtIn(name: string): LabelTemplate {
  const template = builtInTemplate(name);
  if (template === undefined) throw new Error(`there is no template ${name}`);
  return template;
}

const printable = (signs: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...signs), minLength, maxLength });

const serials = printable("ABCXYZ0123456789-", 1, 12);
const hosts = printable("abcdefgXYZ0123456789", 1, 20).map((label) => `${label}.example.com`);
const tokens = printable("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", 0, 40);

export const units: fc.Arbitrary<LabelData> = fc
  .record({
    serial: serials,
    number: fc.bigInt({ min: 0n, max: 10n ** 26n - 1n }),
    iccid: fc.bigInt({ min: 10n ** 16n, max: 10n ** 17n - 1n }),
    host: hosts,
    token: tokens,
    prefix: fc.constantFrom("", "LPA:", "lpa:"),
  })
  .map(({ serial, number, iccid, host, token, prefix }) =>
    parseLabelData(
      { serial, eid: eidOf(number), iccid: `89${iccid}`, activation_code: `${prefix}1$${host}$${token}` },
      "the generator",
    ),
  );

/** Any text that a label can show, the signs that mean something to a printer among them more often. */
export const texts: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.constantFrom(..."^~_\\>{}()<&\"'"),
    fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  ),
  minLength: 1,
  maxLength: 24,
});

/** A template of one code, wide enough for {@link texts}. */
export function codeTemplate(kind: "code128" | "qr"): LabelTemplate {
  const common = {
    xMm: 10,
    yMm: 5,
    content: "{value}",
    align: "left",
    optional: false,
    moduleDots: 3,
    moduleMm: undefined,
  } as const;
  const element =
    kind === "qr"
      ? ({ kind, level: "Q", ...common } as const)
      : ({ kind, heightMm: 8, textHeightMm: undefined, ...common } as const);
  return { name: kind, widthMm: 120, heightMm: 32, dpi: 203, element: [element] };
}
