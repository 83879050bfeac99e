import { describe, expect, it } from "vitest";
import { type FleetFigures, type FleetOrder, simulate } from "./figures.js";
import { daemonPolicy, fixedPause, withoutJitter } from "./policy.js";

/** The fleet of docs/fleet.md in little: in seconds, and by the seed the same figures every time. */
const order: FleetOrder = {
  devices: 4_000,
  api: { perSecond: 20, kind: "bucket", retryAfterSeconds: 1 },
  smdp: { perSecond: 10, kind: "bucket" },
  seed: 2,
};

/** The marks: 1.3 times what the admitted rate forces, and twice the median. What is not over in the time that is simulated is far beyond both. */
function marks({ toForced, toMedian }: FleetFigures): { readonly isInTime: boolean; readonly isFair: boolean } {
  return { isInTime: (toForced ?? Number.MAX_VALUE) <= 1.3, isFair: (toMedian ?? Number.MAX_VALUE) <= 2 };
}

describe("a fleet whose power returns at once, at an API that is full for half an hour", () => {
  it("is provisioned in time, and nobody waits for twice the median", () => {
    const esimd = simulate(order, daemonPolicy);
    expect(esimd).toMatchObject({ provisioned: order.devices, held: 0 });
    expect(marks(esimd)).toEqual({ isInTime: true, isFair: true });
    // What was let in and was of no use in the end is little, and so is what one device asks in vain.
    expect(esimd.admittedEach).toBeLessThan(8.2);
    expect(esimd.refusedEach).toBeLessThan(70);
  });

  it.each([
    ["without Retry-After", { retryAfterSeconds: undefined }],
    ["that asks for pauses of half a minute", { retryAfterSeconds: 30 }],
  ])("is so at an API %s, too", (_name, api) => {
    const esimd = simulate({ ...order, api: { ...order.api, ...api } }, daemonPolicy);
    expect(marks(esimd)).toEqual({ isInTime: true, isFair: true });
  });

  it("takes far longer by fixed pauses, and leaves some behind by pauses without chance", () => {
    const fixed = simulate(order, fixedPause);
    expect(marks(fixed).isInTime).toBe(false);
    expect(fixed.refusedEach).toBeGreaterThan(200);
    const inStep = simulate(order, withoutJitter);
    expect(marks(inStep)).toEqual({ isInTime: false, isFair: false });
  });

  it("is served one by one where sessions are what is short: in time, and the last as late as there is room", () => {
    const esimd = simulate({ ...order, smdp: { perSecond: 1, kind: "bucket" } }, daemonPolicy);
    expect(marks(esimd).isInTime).toBe(true);
    // Each device is let in once: whoever is let in by an even rate waits up to twice the median, less its own time.
    expect(esimd.toMedian).toBeLessThan(2.2);
  });

  it("does not make a device wait that has the servers for itself", () => {
    const lone = simulate({ ...order, devices: 1 }, daemonPolicy);
    expect(lone).toMatchObject({ provisioned: 1, refusedEach: 0, runsEach: 1 });
    expect(lone.lastSeconds).toBeLessThan(120);
  });
});
