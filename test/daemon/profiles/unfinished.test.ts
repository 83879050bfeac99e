import { describe, expect, it } from "vitest";
import { parseActivationCode, parseIccid } from "../../../src/base/identifiers.js";
import { beginning, leftBy, type Unfinished, unfinishedFile } from "../../../src/daemon/profiles/unfinished.js";
import type { InstalledProfile } from "../../../src/lpa/lpa.js";
import type { Disk } from "../../../src/provision/store/disk.js";

/** What an earlier download by the same code may have left on the eUICC. */

const code = parseActivationCode("LPA:1$smdp.example$MATCHING-ID-1", "the test");
const otherCode = parseActivationCode("LPA:1$smdp.example$MATCHING-ID-2", "the test");
const on = (iccid: string): InstalledProfile => ({ iccid: parseIccid(iccid, "the test"), enabled: false });
const [old, fresh, more] = [on("8988307000000000001"), on("8988307000000000002"), on("8988307000000000003")];

describe("the profile that an unfinished download left", () => {
  const begun = beginning(code, [old]);
  const now = beginning(code, [old]);
  it.each([
    ["nothing was begun", undefined, [old, fresh], [], undefined],
    ["it was offered, and is there", { ...begun, iccid: fresh.iccid }, [old, fresh, more], [], fresh.iccid],
    ["it was offered, and is not there", { ...begun, iccid: fresh.iccid }, [old, more], [], undefined],
    ["one is new since", begun, [old, fresh], [], fresh.iccid],
    ["none is new since", begun, [old], [], undefined],
    ["two are new since", begun, [old, fresh, more], [], undefined],
    ["one of the new ones is a run's own", begun, [old, fresh, more], [more.iccid, null], fresh.iccid],
    ["it was another code's", beginning(otherCode, [old]), [old, fresh], [], undefined],
  ] as const)("when %s", (_, unfinished, list, others, left) => {
    expect(leftBy(unfinished, now, list, others)).toBe(left);
  });

  it("is remembered without the code itself", () => {
    expect(JSON.stringify(begun)).not.toContain("MATCHING");
    expect(begun.digest).toBe(now.digest);
    expect(begun.digest).not.toBe(beginning(otherCode, []).digest);
  });
});

describe("the file of an unfinished download", () => {
  const disk = (text: string | undefined): Disk & { text(): string | undefined } => {
    let kept = text;
    return {
      text: () => kept,
      read: async () => kept,
      list: async () => [],
      replace: async (_path, next) => {
        kept = next;
      },
      append: async () => undefined,
      makeFolder: async () => undefined,
      syncFolder: async () => undefined,
      createExclusive: async () => true,
      remove: async () => {
        kept = undefined;
      },
    };
  };

  it("comes back as it was written, and is gone when it is removed", async () => {
    const file = unfinishedFile(disk(undefined), "/state");
    const begun: Unfinished = beginning(code, [old]);
    expect(await file.read()).toBeUndefined();
    await file.write(begun);
    expect(await file.read()).toEqual(begun);
    await file.remove();
    expect(await file.read()).toBeUndefined();
  });

  it.each([["{"], ["[]"], ['{"schema":"esimd.download/2"}'], [""]])("%j says nothing", async (text) => {
    expect(await unfinishedFile(disk(text), "/state").read()).toBeUndefined();
  });
});
