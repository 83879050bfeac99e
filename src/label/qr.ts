import { encode } from "uqr";

/** QR codes (ISO/IEC 18004, model 2). Pure. */

export const qrLevels = ["L", "M", "Q", "H"] as const;
/** How much of a symbol may be lost: 7, 15, 25 or 30 per cent. */
export type QrLevel = (typeof qrLevels)[number];

export interface QrSymbol {
  readonly text: string;
  readonly level: QrLevel;
  readonly mode: QrMode;
  /** Modules at each side, without the quiet zone. */
  readonly size: number;
  /** Rows from the top; true is dark. */
  readonly rows: readonly (readonly boolean[])[];
}

/** How the characters are packed: the whole text in the narrowest mode that has them all. A label printer must be told the same one. */
export type QrMode = "numeric" | "alphanumeric" | "byte";

/** The quiet zone that must be free around, in modules. */
export const qrQuiet = 4;

/** Undefined when there is no symbol large enough. Of the mask and of all else the text alone decides. */
export function encodeQr(text: string, level: QrLevel): QrSymbol | undefined {
  try {
    const { size, data } = encode(text, { ecc: level, border: 0, boostEcc: false });
    return { text, level, mode: qrModeOf(text), size, rows: data };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function qrModeOf(text: string): QrMode {
  if (/^\d+$/.test(text)) return "numeric";
  return /^[A-Z0-9 $%*+./:-]+$/.test(text) ? "alphanumeric" : "byte";
}
