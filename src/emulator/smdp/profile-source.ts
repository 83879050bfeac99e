import { readFileSync } from "node:fs";
import { describeCause, EsimdError } from "../../base/errors.js";
import { type Iccid, parseIccid, quote } from "../../base/identifiers.js";
import type { Random } from "../../base/random.js";
import { generateProfile, profileHeaderIccid, withHeaderIccid } from "../rsp/profile-element.js";

/** The unprotected profiles that the SM-DP+ has in stock, and their ICCIDs. */
export interface ProfileSource {
  readonly serviceProvider: string;
  readonly name: string;
  /** An ICCID that was not given out before. */
  nextIccid(): Iccid;
  profile(iccid: Iccid): Uint8Array;
  sizeOf(iccid: Iccid): number;
  /** An ICCID of another profile, for the scenario in which the wrong one is offered. */
  strangerTo(iccid: Iccid): Iccid;
}

export interface ProfileSourceOptions {
  /** A file with an unprotected profile package (DER); its own ICCID goes to the first order. */
  readonly file?: string | undefined;
  /** The size of generated profiles. */
  readonly sizeBytes?: number | undefined;
  readonly random: Random;
}

/** About as large as the generic test profiles of GSMA TS.48. */
export const defaultProfileBytes = 12_000;
const sizeLimits = { min: 256, max: 2_000_000 };

/** @throws EsimdError `bad_input` */
export function openProfileSource(options: ProfileSourceOptions): ProfileSource {
  const { file, sizeBytes = defaultProfileBytes, random } = options;
  const given = file === undefined ? undefined : readProfile(file);
  if (!Number.isInteger(sizeBytes) || sizeBytes < sizeLimits.min || sizeBytes > sizeLimits.max) {
    throw new EsimdError(
      "bad_input",
      `a profile of ${sizeBytes} bytes cannot be made (${sizeLimits.min} to ${sizeLimits.max})`,
    );
  }
  const own = given === undefined ? undefined : profileHeaderIccid(given);
  const used = new Set<Iccid>();
  const make = (): Iccid => {
    // Random, so that an eUICC that outlives this process does not meet the same ICCID again.
    const serial = Array.from({ length: 11 }, () => Math.floor(random.next() * 10)).join("");
    const iccid = withLuhn(`8988307${serial}`);
    return used.has(iccid) ? make() : iccid;
  };
  return {
    serviceProvider: "esimd emulator",
    name: "Emulated profile",
    nextIccid: () => {
      const iccid = own !== undefined && !used.has(own) ? own : make();
      used.add(iccid);
      return iccid;
    },
    profile: (iccid) => (given === undefined ? generateProfile(iccid, sizeBytes) : withHeaderIccid(given, iccid)),
    sizeOf: () => given?.length ?? sizeBytes,
    strangerTo: () => make(),
  };
}

function readProfile(file: string): Uint8Array {
  const place = `the profile file ${quote(file)}`;
  let profile: Uint8Array;
  try {
    profile = new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new EsimdError("bad_input", `${place} cannot be read: ${describeCause(cause)}`, { cause });
  }
  if (profile.length > sizeLimits.max)
    throw new EsimdError("bad_input", `${place} has ${profile.length} bytes, too many`);
  try {
    profileHeaderIccid(profile);
  } catch (cause) {
    throw new EsimdError("bad_input", `${place} is not an unprotected profile package: ${describeCause(cause)}`, {
      cause,
    });
  }
  return profile;
}

/** The check digit of ITU-T E.118. */
function withLuhn(digits: string): Iccid {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return parseIccid(`${digits}${(10 - (sum % 10)) % 10}`, "a made-up ICCID");
}
