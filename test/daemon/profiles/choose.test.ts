import { describe, expect, it } from "vitest";
import { parseIccid } from "../../../src/base/identifiers.js";
import { chooseProfile, shortName } from "../../../src/daemon/profiles/choose.js";
import type { ProfileDetails } from "../../../src/lpa/lpa.js";

const profile = (iccid: string, nickname?: string): ProfileDetails => ({
  iccid: parseIccid(iccid, "the test"),
  enabled: false,
  nickname,
  provider: undefined,
  name: undefined,
  profileClass: undefined,
});

const profiles = [
  profile("8988307000000111111", "lift"),
  profile("8988307000000222222", "lift"),
  profile("8988307000009222222", "222222"),
  profile("8988307000000333333", "8988307000000111111"),
];

describe("the profile that a person means", () => {
  it.each([
    ["8988307000000111111", "8988307000000111111"],
    ["8988307000000111111F", "8988307000000111111"],
    ["111111", "8988307000000111111"],
    ["333333", "8988307000000333333"],
    ["09222222", "8988307000009222222"],
  ])("%s", (wanted, iccid) => expect(chooseProfile(profiles, wanted).iccid).toBe(iccid));

  it.each([
    ["lift", "bad_input"],
    ["222222", "bad_input"],
    ["33333", "profile_unknown"],
    ["8988307000000", "profile_unknown"],
    ["Lift", "profile_unknown"],
    ["", "profile_unknown"],
  ])("%j is refused", (wanted, code) => {
    expect(() => chooseProfile(profiles, wanted)).toThrow(expect.objectContaining({ code }));
  });

  it("is named in a refusal without giving its digits away", () => {
    expect(() => chooseProfile(profiles, "8988307000000999999")).toThrow(/8988…9999/);
  });
});

describe("the shortest name of a profile", () => {
  it.each([
    ["8988307000000111111", "111111"],
    // Its last six digits are the nickname of another, and its end.
    ["8988307000000222222", "0222222"],
  ])("%s is %s, and means it", (iccid, short) => {
    expect(shortName(profiles, parseIccid(iccid, "the test"))).toBe(short);
    expect(chooseProfile(profiles, short).iccid).toBe(iccid);
  });
});
