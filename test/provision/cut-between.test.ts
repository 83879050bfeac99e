import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { storeFolder } from "../../src/provision/store/store.js";
import { SmallWorld } from "../support/small-world.js";

/** A run ends where the ledger has what the journal has not yet. */

function reserving(method: "eid" | "activation-code"): { readonly world: SmallWorld; readonly journal: string } {
  const world = new SmallWorld();
  world.policy = { ...world.policy, method };
  return { world, journal: `${storeFolder("/state", world.eid)}/journal.json` };
}

describe.each(["eid", "activation-code"] as const)("what was paid by %s, and only the ledger knows it", (method) => {
  it("is used by the next run, where the journal was not written any more", async () => {
    const { world, journal } = reserving(method);
    const { disk } = world;
    const replace = disk.replace.bind(disk);
    disk.replace = async (path, text) => {
      const isPaid = [...disk.files.values()].some((file) => file.includes('"kind":"created"'));
      if (isPaid) throw new EsimdError("state_unwritable", `${path}: the power is gone`);
      await replace(path, text);
    };
    expect((await world.run()).error?.code).toBe("state_unwritable");
    expect(disk.files.get(journal)).toContain('"reservationSid":null');

    disk.replace = replace;
    expect(await world.run()).toMatchObject({ state: "provisioned", error: undefined });
    expect(world.provider).toMatchObject({ posts: 1, charges: 1 });
  });

  it("is used by the next run, where the journal was lost", async () => {
    const { world, journal } = reserving(method);
    world.policy = { ...world.policy, availableWaitMs: 0 };
    expect((await world.run()).error?.code).toBe("deadline");
    world.disk.files.delete(journal);

    world.policy = { ...world.policy, availableWaitMs: 300_000 };
    expect(await world.run()).toMatchObject({ state: "provisioned", error: undefined });
    expect(world.provider).toMatchObject({ posts: 1, charges: 1 });
  });
});
