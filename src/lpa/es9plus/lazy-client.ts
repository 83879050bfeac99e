import type { Es9PlusClient } from "./client.js";

/**
 * An ES9+ client that is opened by its first request: a device that is provisioned asks no SM-DP+ anything, and must not fail because
 * its folder of roots is gone. Whoever opened the real client closes it.
 */
export function lazyEs9PlusClient(open: () => Promise<Es9PlusClient>): Es9PlusClient {
  return {
    post: async (smdp, name, json, signal) => (await open()).post(smdp, name, json, signal),
    prepare: (smdp) => {
      // Without roots there is no client: whoever posts is told.
      open().then(
        (client) => client.prepare?.(smdp),
        () => undefined,
      );
    },
    close: () => Promise.resolve(),
  };
}
