import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { stopSignal } from "../../src/commands/stop-signals.js";

it.each([
  ["SIGTERM", "SIGTERM", 143],
  ["SIGINT", "SIGINT", 130],
  ["SIGTERM", "SIGINT", 130],
])("%s asks for a clean end, %s after it ends at once with %d", (first, second, status) => {
  const process = new EventEmitter();
  const exits: number[] = [];
  const signal = stopSignal(process, (exit) => exits.push(exit));
  expect(signal.aborted).toBe(false);
  process.emit(first);
  expect([signal.aborted, exits]).toEqual([true, []]);
  expect(signal.reason).toMatchObject({ code: "cancelled", exitStatus: 75, message: `esimd was stopped by ${first}` });
  process.emit(second);
  expect(exits).toEqual([status]);
});
