import { describe, expect, it } from "vitest";
import {
  type EventName,
  isFinal,
  nextState,
  type StateEntry,
  type StateName,
  stateNames,
  states,
} from "../../src/provision/states.js";

const entries: readonly [StateName, StateEntry][] = stateNames.map((name) => [name, states[name]]);

describe("the table of states", () => {
  it("gives every state one sentence, and every working state a deadline", () => {
    for (const [name, { sentence, deadline }] of entries) {
      expect(sentence, name).toMatch(/^[A-Z].*\.$/);
      expect(deadline === "none", name).toBe(isFinal(name));
    }
  });

  it("reaches every state from the first, and a final state from every working one", () => {
    const reach = (from: StateName): Set<StateName> => {
      const seen = new Set<StateName>([from]);
      for (const at of seen) {
        const entry: StateEntry = states[at];
        for (const next of Object.values(entry.on)) seen.add(next);
      }
      return seen;
    };
    const fromStart = reach("connecting");
    for (const [name] of entries) {
      // failed and held are reached by errors, from everywhere.
      if (name !== "failed" && name !== "held") expect(fromStart.has(name), name).toBe(true);
      if (!isFinal(name)) expect(reach(name).has("provisioned"), name).toBe(true);
    }
  });

  it("leads nowhere from a final state", () => {
    const event: EventName = "connected";
    for (const name of ["provisioned", "failed", "held"] as const) expect(nextState(name, event)).toBeUndefined();
  });
});
