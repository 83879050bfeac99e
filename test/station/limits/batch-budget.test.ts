import { describe, expect, it } from "vitest";
import { BatchBudget } from "../../../src/station/limits/batch-budget.js";

describe("what a batch may pay for", () => {
  it("is not spent twice by two slots that ask before either has paid", () => {
    const budget = new BatchBudget(2, () => 1);
    budget.claim("run-1");
    expect(() => budget.claim("run-2")).toThrow(
      expect.objectContaining({
        code: "batch_budget_spent",
        message: "the batch may pay for 2 profiles, and that many are paid for or on their way",
      }),
    );
  });

  it("is claimed once by a run that asks again", () => {
    const budget = new BatchBudget(1, () => 0);
    budget.claim("run-1");
    expect(() => budget.claim("run-1")).not.toThrow();
    expect(() => budget.claim("run-2")).toThrow();
  });

  it("is free again when a run bought nothing, and gone when it did", () => {
    let charges = 0;
    const budget = new BatchBudget(1, () => charges);
    budget.claim("run-1");
    budget.settle("run-1");
    budget.claim("run-2");
    charges = 1;
    budget.settle("run-2");
    expect(() => budget.claim("run-3")).toThrow(expect.objectContaining({ code: "batch_budget_spent" }));
  });

  it("may be nothing at all, and may be without limit", () => {
    expect(() => new BatchBudget(0, () => 0).claim("run-1")).toThrow();
    const free = new BatchBudget(null, () => 1_000_000);
    for (let run = 0; run < 100; run++) free.claim(`run-${run}`);
    expect(free.limit).toBeNull();
  });

  it("is not given back by a run that never claimed", () => {
    const budget = new BatchBudget(1, () => 0);
    budget.claim("run-1");
    budget.settle("run-2");
    expect(() => budget.claim("run-3")).toThrow();
  });
});
