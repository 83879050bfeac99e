import {
  BarcodeFormat,
  BinaryBitmap,
  Code128Reader,
  DecodeHintType,
  GlobalHistogramBinarizer,
  QRCodeReader,
  RGBLuminanceSource,
} from "@zxing/library";
import { PNG } from "pngjs";
import { type Area, clearAreaOf, type Layout, type Primitive } from "../../src/label/primitives.js";

/** Reads labels back with decoders that share nothing with esimd: pngjs for the picture, ZXing for the codes in it. */

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 0 is black, 255 white. */
  readonly grey: Uint8ClampedArray;
}

export function pictureOf(png: Uint8Array): Picture {
  const { width, height, data } = PNG.sync.read(Buffer.from(png));
  const grey = new Uint8ClampedArray(width * height);
  for (let at = 0; at < grey.length; at++) grey[at] = data[at * 4] ?? 0;
  return { width, height, grey };
}

/** What the codes of the layout say in this picture of it, in their order. The picture may have another resolution. */
export function readCodes(picture: Picture, layout: Layout): readonly string[] {
  const scale = picture.width / layout.width;
  return layout.primitives.flatMap((primitive) => {
    if (primitive.kind !== "code128" && primitive.kind !== "qr") return [];
    return [readOne(cropped(picture, clearAreaOf(primitive), scale), primitive.kind)];
  });
}

function readOne(picture: Picture, kind: Extract<Primitive["kind"], "code128" | "qr">): string {
  const { grey, width, height } = picture;
  const bitmap = new BinaryBitmap(new GlobalHistogramBinarizer(new RGBLuminanceSource(grey, width, height)));
  const format = kind === "qr" ? BarcodeFormat.QR_CODE : BarcodeFormat.CODE_128;
  const hints = new Map<DecodeHintType, unknown>([
    // ZXing's search for the corners of a QR code misses one in twenty, however well it is printed; zbar, which looks for itself, finds all.
    [kind === "qr" ? DecodeHintType.PURE_BARCODE : DecodeHintType.TRY_HARDER, true],
    [DecodeHintType.POSSIBLE_FORMATS, [format]],
  ]);
  const reader = kind === "qr" ? new QRCodeReader() : new Code128Reader();
  const result = reader.decode(bitmap, hints);
  if (result.getBarcodeFormat() !== format) throw new Error("another kind of code was found");
  return result.getText();
}

function cropped({ width, height, grey }: Picture, area: Area, scale: number): Picture {
  const [left, top] = [Math.max(0, Math.floor(area.x * scale)), Math.max(0, Math.floor(area.y * scale))];
  const right = Math.min(width, Math.ceil((area.x + area.width) * scale));
  const bottom = Math.min(height, Math.ceil((area.y + area.height) * scale));
  const part = new Uint8ClampedArray((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++)
    part.set(grey.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  return { width: right - left, height: bottom - top, grey: part };
}

/** What the codes of the layout are meant to say. */
export function codesOf({ primitives }: Layout): readonly string[] {
  return primitives.flatMap((primitive) => {
    if (primitive.kind === "code128") return [primitive.text];
    return primitive.kind === "qr" ? [primitive.symbol.text] : [];
  });
}
