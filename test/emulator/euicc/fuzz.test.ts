import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/random.js";
import { EuiccCard, isdrAid } from "../../../src/emulator/euicc/card.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import { FunctionFailure } from "../../../src/emulator/smdp/failures.js";
import { es9Functions } from "../../../src/emulator/smdp/scenario.js";
import { createRspWorld, testEid } from "../../support/rsp-world.js";

/** Whatever comes over the wire, card and server answer; they neither throw nor say yes. */

const rounds = 400;

describe("spoilt input", () => {
  it.each([1, 2, 3])(
    "ES10 commands of a whole session, changed at random (seed %d), are answered with a status",
    async (seed) => {
      const random = seededRandom(seed);
      const world = createRspWorld();
      world.order({ eid: testEid });
      const commands: Uint8Array[] = [];
      // A eavesdropper between LPA and eUICC.
      const tapped = new Proxy(world.euicc, {
        get: (target, property) => {
          if (property !== "es10") return Reflect.get(target, property, target);
          return (command: Uint8Array) => {
            commands.push(command.slice());
            return target.es10(command);
          };
        },
      });
      await world.download({ euicc: tapped });
      expect(commands.length).toBeGreaterThan(10);
      const euicc = new EmulatedEuicc({ pki: world.pki, state: { eid: testEid } });
      for (let i = 0; i < rounds; i++) {
        const command = spoil(commands[Math.floor(random.next() * commands.length)] ?? new Uint8Array(), random);
        const { statusWord } = euicc.es10(command);
        expect([0x9000, 0x6a80, 0x6985, 0x6a88]).toContain(statusWord);
      }
      expect(euicc.profiles).toEqual([]);
    },
  );

  it.each([4, 5, 6])(
    "ES9+ messages of a whole session, changed at random (seed %d), are answered or refused",
    async (seed) => {
      const random = seededRandom(seed);
      const world = createRspWorld();
      world.order({ eid: testEid });
      const messages: { fn: string; body: object }[] = [];
      await world.download({
        post: (fn, body) => {
          messages.push({ fn, body });
          return world.post(fn, body);
        },
      });
      expect(messages.length).toBe(4);
      for (let i = 0; i < rounds; i++) {
        const { fn, body } = messages[i % messages.length] ?? { fn: "", body: {} };
        const known = es9Functions.find((name) => name === fn) ?? "cancelSession";
        const spoilt = Object.fromEntries(
          Object.entries(body).map(([key, value]) => {
            if (!/euicc|Response|Notification/.test(key)) return [key, value];
            return [key, Buffer.from(spoil(Buffer.from(String(value), "base64"), random)).toString("base64")];
          }),
        );
        try {
          world.es9.call(known, spoilt, undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(FunctionFailure);
        }
      }
      expect(world.orders.list().map(({ state }) => state)).toEqual(["Installed"]);
    },
  );

  it("APDUs at random get a status word", () => {
    const random = seededRandom(7);
    const card = new EuiccCard(createRspWorld().euicc);
    card.openChannel(isdrAid);
    for (let i = 0; i < 5_000; i++) {
      const apdu = Uint8Array.from({ length: Math.floor(random.next() * 12) }, () => Math.floor(random.next() * 256));
      // Half of them at least get to the card's functions.
      if (random.next() < 0.5) apdu.set([0x81, [0xe2, 0xc0, 0xa4, 0x70][i % 4] ?? 0].slice(0, apdu.length));
      expect(card.transmit(apdu).length).toBeGreaterThanOrEqual(2);
    }
  });
});

/** Changes, cuts or lengthens a little. */
function spoil(bytes: Uint8Array, random: { next(): number }): Uint8Array {
  const copy = bytes.slice();
  const at = Math.floor(random.next() * copy.length);
  const kind = Math.floor(random.next() * 4);
  if (kind === 0) return copy.subarray(0, at);
  if (kind === 1)
    return Uint8Array.from([...copy.subarray(0, at), Math.floor(random.next() * 256), ...copy.subarray(at)]);
  copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
  if (kind === 2) copy[Math.min(copy.length - 1, 3)] = Math.floor(random.next() * 256);
  return copy;
}
