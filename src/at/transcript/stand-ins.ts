/**
 * Stand-ins for what identifies a unit: of the same length and shape, with check digits that are right where the real ones are, always
 * the same for the same value, and numbered by order of appearance. They are no function of the real value: an EID or an ICCID has so
 * few unknown digits that a hash of it could be tried out.
 */

export type StandInKind = "eid" | "iccid" | "imei-or-imsi" | "number" | "matching-id";

export class StandIns {
  readonly #made = new Map<string, string>();
  readonly #counts = new Map<StandInKind, number>();
  readonly #kinds = new Map<string, StandInKind>();

  /** The real values that may stand nowhere any more; not plain numbers, and not stand-ins of an earlier recording. */
  get originals(): readonly string[] {
    const standIns = new Set(this.#made.values());
    return [...this.#kinds].flatMap(([real, kind]) => (kind === "number" || standIns.has(real) ? [] : [real]));
  }

  /** How many different values of each kind have a stand-in. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** For a run of digits, by its length. */
  digits(real: string): string {
    return this.#standIn(real, kindOfDigits(real), standInDigits);
  }

  /** For a matching id or another code of letters, digits and hyphens. */
  code(real: string): string {
    return this.#standIn(real, "matching-id", (_real, ordinal) => {
      const number = String(ordinal);
      return real.length <= number.length ? number.slice(-real.length) : `X${number.padStart(real.length - 1, "0")}`;
    });
  }

  #standIn(real: string, kind: StandInKind, make: (real: string, ordinal: number) => string): string {
    if (real === "") return real;
    const known = this.#made.get(real);
    if (known !== undefined) return known;
    const ordinal = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, ordinal);
    const standIn = make(real, ordinal);
    this.#made.set(real, standIn);
    this.#kinds.set(real, kind);
    return standIn;
  }
}

function kindOfDigits(real: string): StandInKind {
  if (real.length === 32) return "eid";
  if (real.length === 15) return "imei-or-imsi";
  return real.length >= 18 && real.length <= 20 && real.startsWith("89") ? "iccid" : "number";
}

function standInDigits(real: string, ordinal: number): string {
  switch (kindOfDigits(real)) {
    case "eid":
      return eidLike(real, ordinal);
    // 89 is telecommunications (E.118); no country has the code 999.
    case "iccid":
      return luhnLike(real, "89999", ordinal);
    // 001 01 is the test network; as a type allocation code it is of no maker either.
    case "imei-or-imsi":
      return luhnLike(real, "00101", ordinal);
    default:
      return String(ordinal).padStart(real.length, "0").slice(-real.length);
  }
}

/** 30 digits and two that make the whole 1 modulo 97 (SGP.29), or do not, as with the real one. */
function eidLike(real: string, ordinal: number): string {
  const head = `8999${String(ordinal).padStart(26, "0")}`;
  const check = Number(98n - ((BigInt(head) * 100n) % 97n));
  const isValid = BigInt(real) % 97n === 1n;
  return head + String(isValid ? check : check + 1).padStart(2, "0");
}

function luhnLike(real: string, prefix: string, ordinal: number): string {
  const head = prefix + String(ordinal).padStart(real.length - prefix.length - 1, "0");
  const check = luhnDigit(head);
  return head + String(luhnDigit(real.slice(0, -1)) === Number(real.at(-1)) ? check : (check + 1) % 10);
}

/** The check digit of ISO/IEC 7812-1, annex B. */
function luhnDigit(head: string): number {
  let sum = 0;
  for (let i = 0; i < head.length; i++) {
    const digit = Number(head.charAt(head.length - 1 - i)) * (i % 2 === 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - (sum % 10)) % 10;
}
