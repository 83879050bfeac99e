import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { z } from "zod";

/** axe-core in the page, with all of its rules; it comes in by the debugger, past the page's own policy, which would refuse it. */

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const resultForm = z.object({
  violations: z.array(z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) })),
  passes: z.array(z.unknown()),
});

/** One line for each rule that is broken, with the first place. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(source);
  const run = 'axe.run(document, { resultTypes: ["violations"] }).then((all) => JSON.stringify(all))';
  const { violations, passes } = resultForm.parse(JSON.parse(String(await page.evaluate(run))));
  // A run that looked at nothing finds nothing.
  if (passes.length < 10) throw new Error(`axe passed ${passes.length} rules only`);
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html.slice(0, 200) ?? ""}`);
}
