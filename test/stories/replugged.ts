import { access } from "node:fs/promises";
import { until } from "./conditions.js";

/** Resolves once the port's name is there again. */
export async function untilThere(port: string): Promise<void> {
  let there = false;
  await until(() => {
    access(port).then(
      () => {
        there = true;
      },
      () => undefined,
    );
    return there;
  }, "the modem comes back");
}
