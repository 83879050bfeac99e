import { existsSync, mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { onPage } from "./bench.js";
import { browserOfThisFile, chromiumPath, type Screen, type Theme } from "./chromium.js";
import { everyPhase, shiftClock, workedShift } from "./scenes.js";

/** The pictures of docs/station-page.md. `ESIMD_DOCS=write` takes them anew; they differ from one machine's fonts to the next's, so that they are not compared. */

const folder = resolve(import.meta.dirname, "../../../docs/images");
const isWriting = process.env["ESIMD_DOCS"] === "write";
const mostBytes = 400_000;

const pictures: readonly (readonly [string, number, Screen, Theme, number | undefined])[] = [
  ["station-8-light.png", 8, "small", "light", undefined],
  ["station-64-dark.png", 64, "small", "dark", undefined],
  ["station-phone.png", 8, "phone", "light", 4],
];

describe("the pictures of the page", () => {
  const browser = browserOfThisFile();
  it.skipIf(!isWriting || chromiumPath === undefined).each(pictures)(
    "%s is taken",
    (name, slots, screen, theme, open) => {
      const clock = shiftClock();
      return onPage({ slots, clock, name: "line 3", budget: 600, sheet: 1_200 }, async ({ station, url }) => {
        await workedShift(station, clock, 190);
        await everyPhase(station, clock, slots);
        mkdirSync(folder, { recursive: true });
        await browser.look(url, { screen, theme }, async ({ page }) => {
          await page.locator("body[data-reach=there]").waitFor();
          if (open !== undefined)
            await page
              .locator(".slot")
              .nth(open - 1)
              .click();
          await page.screenshot({ path: join(folder, name), scale: "css" });
        });
      });
    },
  );

  it.each(pictures)("%s is there, and small", (name) => {
    expect(existsSync(join(folder, name))).toBe(true);
    expect(statSync(join(folder, name)).size).toBeLessThan(mostBytes);
  });
});
