import fc from "fast-check";
import { EsimdError } from "../../src/base/errors.js";

/** What every decoder owes to every input: a value or an EsimdError with a sentence, soon, and without memory for what is only claimed. */

/** The value, or undefined when it was refused as it should be. @throws what is no EsimdError, or one without a sentence. */
export function decoded<Value>(decode: () => Value): Value | undefined {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof EsimdError)) throw error;
    if (error.message.length < 10 || error.message.length > 1_000) throw new Error(`no sentence: ${error.message}`);
    return undefined;
  }
}

type Edit =
  | { readonly kind: "set"; readonly at: number; readonly byte: number }
  | { readonly kind: "cut"; readonly at: number; readonly count: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "repeat"; readonly at: number; readonly count: number };

const place = fc.nat(5_000);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), at: place, byte: fc.nat(255) }),
  // Lengths that claim more than there is, and bits that turn a tag or a length into a longer form.
  fc.record({
    kind: fc.constant("set" as const),
    at: place,
    byte: fc.constantFrom(0, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0xff),
  }),
  fc.record({ kind: fc.constant("cut" as const), at: place, count: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant("insert" as const), at: place, bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
  fc.record({ kind: fc.constant("repeat" as const), at: place, count: fc.integer({ min: 1, max: 100 }) }),
);

function edited(bytes: Uint8Array, { kind, ...how }: Edit): Uint8Array {
  const at = bytes.length === 0 ? 0 : how.at % bytes.length;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case "set": {
      const copy = bytes.slice();
      if ("byte" in how && copy.length > 0) copy[at] = how.byte;
      return copy;
    }
    case "cut":
      return Buffer.concat([before, after.subarray("count" in how ? how.count : 0)]);
    case "insert":
      return Buffer.concat([before, "bytes" in how ? how.bytes : new Uint8Array(), after]);
    case "repeat":
      return Buffer.concat([before, after.subarray(0, "count" in how ? how.count : 0), after]);
  }
}

/** Anything at all, and messages of `good` as they are and spoilt a little. */
export function spoiltBytes(good: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const spoilt = fc
    .tuple(fc.constantFrom(...good), fc.array(edit, { maxLength: 4 }))
    .map(([bytes, edits]) => edits.reduce(edited, bytes));
  return fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) }, { weight: 4, arbitrary: spoilt });
}

/** As {@link spoiltBytes}, for text. */
export function spoiltText(good: readonly string[]): fc.Arbitrary<string> {
  const spoilt = spoiltBytes(good.map((text) => Buffer.from(text, "latin1"))).map((bytes) =>
    Buffer.from(bytes).toString("latin1"),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
    { weight: 4, arbitrary: spoilt },
  );
}

/** Runs `work` and gives the milliseconds that it took and the bytes outside the heap that it kept or has not given back yet. */
export function cost(work: () => void): { readonly ms: number; readonly bufferBytes: number } {
  const before = process.memoryUsage().arrayBuffers;
  const startMs = performance.now();
  work();
  return { ms: performance.now() - startMs, bufferBytes: process.memoryUsage().arrayBuffers - before };
}
