import { describe, expect, it } from "vitest";
import { setSpeed } from "../../src/serial/speed.js";

describe("the host's speed", () => {
  const update = (_options: { baudRate: number }, callback?: (error: Error | null) => void): void => callback?.(null);

  it.each<[string, number, number | undefined]>([
    ["exact", 921_600, 921_600],
    ["a divisor's distance away", 921_600, 923_076],
    ["not to be read", 921_600, undefined],
  ])("holds where the driver's is %s", async (_name, baud, held) => {
    await setSpeed("/dev/ttyS1", { update }, async () => held, baud);
  });

  it.each<[string, number, number]>([
    ["the old one", 1_500_000, 115_200],
    ["the nearest that it has", 4_000_000, 3_000_000],
  ])("is refused where the driver took %s and said nothing", async (_name, baud, held) => {
    await expect(setSpeed("/dev/ttyS1", { update }, async () => held, baud)).rejects.toMatchObject({
      code: "serial_io",
      message: `/dev/ttyS1 does not take ${baud} baud: its driver has ${held} in place of it`,
    });
  });

  it("is refused where the driver says so", async () => {
    const refusing: typeof update = (_options, callback) => callback?.(new Error("Invalid argument"));
    await expect(setSpeed("/dev/ttyS1", { update: refusing }, async () => 921_600, 921_600)).rejects.toMatchObject({
      code: "serial_io",
    });
  });
});
