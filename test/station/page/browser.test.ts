import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../../src/base/errors.js";
import type { RehearsedStation } from "../rehearsed.js";
import { violationsOf } from "./axe.js";
import { onPage, type PageBench } from "./bench.js";
import { browserOfThisFile, chromiumPath, type Screen, scanned, screens, type Theme } from "./chromium.js";
import { everyPhase, serialOf, shiftClock, workedShift } from "./scenes.js";

/** The page in a real browser, as an operator has it in front of him. */

const browser = browserOfThisFile();
const themes: readonly Theme[] = ["light", "dark"];
const slotOf = (page: Page, number: number) => page.getByRole("button", { name: new RegExp(`^Slot ${number} `) });
const ready = (page: Page) => page.locator("body[data-reach=there]").waitFor();
const focused = (page: Page) => page.evaluate("document.activeElement?.innerText.split(/\\s+/).join(' ') ?? ''");
const originOf = ({ url }: PageBench): string => new URL(url).origin;

describe.skipIf(chromiumPath === undefined)("the station's page", () => {
  const cases = [8, 64].flatMap((slots) =>
    (["small", "large", "phone"] as const).map((screen) => [slots, screen] as const),
  );
  it.each(cases)("shows %i slots on a %s screen, all of it, to everybody, light and dark", (slots, screen) => {
    const clock = shiftClock();
    return onPage({ slots, clock, budget: 600, sheet: 1_200 }, async (bench) => {
      const { station, url } = bench;
      await workedShift(station, clock, 40);
      await everyPhase(station, clock, slots);
      await browser.look(url, { screen }, async ({ page, requests, complaints }) => {
        await ready(page);
        expect(await page.locator(".slot").count()).toBe(slots);
        // An operator of a wall does not scroll; one with a phone scrolls downwards only.
        const { width, height } = screens[screen];
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        if (screen !== "phone") {
          expect(await page.evaluate("document.documentElement.scrollHeight")).toBe(height);
          const boxes = await Promise.all((await page.locator(".slot").all()).map((slot) => slot.boundingBox()));
          for (const box of boxes) {
            expect(box).not.toBeNull();
            if (box === null) continue;
            expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
            expect(box.x + box.width).toBeLessThanOrEqual(width);
            expect(box.y + box.height).toBeLessThanOrEqual(height);
          }
        }
        // No word, number or serial number runs out of its slot.
        const out = `[...document.querySelectorAll(".slot")].flatMap((slot) => {
          const room = slot.getBoundingClientRect();
          return [...slot.querySelectorAll(".word, .number, .serial, .next")].filter((part) => {
            const box = part.getBoundingClientRect();
            return box.width > 0 && (box.right > room.right + 1 || box.bottom > room.bottom + 1 || box.left < room.left - 1);
          }).map((part) => slot.innerText + " " + part.className);
        })`;
        expect(await page.evaluate(out)).toEqual([]);
        for (const colorScheme of themes) {
          await page.emulateMedia({ colorScheme });
          expect(await violationsOf(page)).toEqual([]);
        }
        expect(complaints).toEqual([]);
        expect(requests.filter((request) => new URL(request).origin !== originOf(bench))).toEqual([]);
      });
    });
  });

  it("can be read from three metres: PASS and FAIL on 1920 by 1080", async () => {
    // Of a 24" screen a pixel is 0.277 mm; at three metres a letter of 1/200 of that, 15 mm, is read with ease, and one of 1/400 at all.
    const sizes = new Map<number, number>();
    for (const slots of [8, 64])
      await onPage({ slots }, async ({ station, url }) => {
        station.putIn(1);
        station.scan("SN1");
        station.pass(1);
        await browser.look(url, { screen: "large" }, async ({ page }) => {
          await ready(page);
          await slotOf(page, 1).locator(".word", { hasText: "PASS" }).waitFor();
          // A capital is 0.7 of its font's size or more.
          sizes.set(
            slots,
            0.7 * Number(await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.word')).fontSize)")),
          );
        });
      });
    expect(sizes.get(8)).toBeGreaterThanOrEqual(54);
    expect(sizes.get(64)).toBeGreaterThanOrEqual(27);
  });

  it("goes with a whole batch: units put in, scanned, followed in the download, PASS and FAIL", () =>
    onPage({ slots: 4, budget: 100, sheet: 8 }, async (bench) => {
      const { station, url } = bench;
      await browser.look(url, {}, async ({ page, complaints, requests }) => {
        await ready(page);
        for (let unit = 1; unit <= 8; unit++) {
          const slot = ((unit - 1) % 4) + 1;
          station.putIn(slot);
          await slotOf(page, slot).and(page.locator("[data-kind=needs-serial]")).waitFor();
          await page.getByText(`Scan the unit in slot ${slot}.`).waitFor();
          await scanned(page, serialOf(unit));
          await slotOf(page, slot).and(page.locator("[data-kind=running]")).waitFor();
          await page.getByText(`It runs in slot ${slot}.`, { exact: true }).waitFor();
          station.identify(slot);
          station.state(slot, "downloading", "Downloading the profile from the SM-DP+ into the eUICC.");
          station.progress(slot, 6_000, 12_000);
          await slotOf(page, slot).getByText("50 %").waitFor();
          if (unit % 4 === 3) station.fail(slot, "euicc_full", "The eUICC has no room for a profile.");
          else station.pass(slot);
          const verdict = unit % 4 === 3 ? "FAIL" : "PASS";
          await page.getByRole("button", { name: `Slot ${slot} ${verdict} ${serialOf(unit)}` }).waitFor();
          // Who does not see the wall hears of it.
          await page
            .locator("#told")
            .filter({ hasText: `Slot ${slot} ${verdict}` })
            .waitFor({ state: "attached" });
          station.takeOut(slot);
        }
        await page.locator("#passed").filter({ hasText: /^6$/ }).waitFor();
        expect(await page.locator("#failed").textContent()).toBe("2");
        expect(await page.locator("#yield").textContent()).toBe("75.0 %");
        const figures = await page.locator("#figures").textContent();
        expect(figures).toContain("Profiles paid6 of 100");
        expect(figures).toContain("Left on the sheet2 of 8");
        expect(await page.locator("#chart-table tbody").textContent()).toMatch(/^\d\d:\d\d62$/);
        expect(station.asked).toEqual(Array.from({ length: 8 }, (_, unit) => `scan ${serialOf(unit + 1)}`));
        expect(complaints).toEqual([]);
        expect(requests.filter((request) => new URL(request).origin !== originOf(bench))).toEqual([]);
      });
    }));

  it("hears a scanner wherever the focus is, and a text field keeps its own", () =>
    onPage({ slots: 8 }, ({ station, url }) =>
      browser.look(url, {}, async ({ page }) => {
        await ready(page);
        for (let slot = 1; slot <= 7; slot++) station.putIn(slot);
        const heard = async (...texts: readonly string[]): Promise<void> => {
          await expect.poll(() => station.asked).toEqual(texts.map((text) => `scan ${text}`));
          station.asked.length = 0;
        };
        await scanned(page, "SN-body");
        await heard("SN-body");
        await slotOf(page, 3).focus();
        await scanned(page, "SLOT 6");
        await scanned(page, "SN-slot");
        await heard("SLOT 6", "SN-slot");
        expect(station.view().slots[5]).toMatchObject({ unit: { serial: "SN-slot" }, phase: { kind: "running" } });
        // Neither its space nor its Enter has pressed the slot's button.
        expect(await page.locator("dialog[open]").count()).toBe(0);
        await page.getByRole("button", { name: "Search" }).focus();
        await scanned(page, "SN/tools?", "Tab");
        await heard("SN/tools?");
        expect(await page.locator("dialog[open]").count()).toBe(0);
        await page.locator("#scan", { hasText: "This is no serial number" }).waitFor();
        await page.getByRole("link", { name: "CSV" }).focus();
        await scanned(page, "SN-link");
        await heard("SN-link");
        await slotOf(page, 2).click();
        await scanned(page, "SN-dialog");
        await heard("SN-dialog");
        await page.keyboard.press("Escape");
        await page.keyboard.press("/");
        await page.locator("#search:focus").waitFor();
        await scanned(page, "SN-field");
        expect(await page.locator("#search").inputValue()).toBe("SN-field");
        await expect.poll(() => page.locator("#search-count").textContent()).toBe("No unit has this.");
        expect(station.asked).toEqual([]);
        await page.keyboard.press("Escape");
        // A person's own typing is none.
        await page.keyboard.type("xyzw", { delay: 120 });
        await page.keyboard.press("Enter", { delay: 120 });
        await scanned(page, "SN-last");
        await heard("SN-last");
      }),
    ));

  it("finds units while they are typed, and shows hostile text as the text it is", () =>
    onPage({ slots: 2, name: '<img src=x onerror="document.title=1">' }, ({ station, url }) =>
      browser.look(url, {}, async ({ page, complaints }) => {
        await ready(page);
        station.putIn(1);
        station.scan("SN 1");
        station.identify(1);
        station.fail(1, "smdp_error", "<script>document.title = 'run'</script><b>bold</b>");
        await scanned(page, "<img src=x onerror=alert(1)>");
        await page.locator("#scan", { hasText: "<img src=x onerror=alert(1)>" }).waitFor();
        await page.keyboard.press("/");
        await page.locator("#search").fill("sn 1");
        const unit = page.locator(".unit");
        await unit.waitFor();
        expect(await unit.textContent()).toContain("<script>document.title = 'run'</script><b>bold</b>");
        expect(await unit.textContent()).toContain(String(station.view().slots[0]?.unit.eid));
        await page.locator("#search").fill("<b>");
        await expect.poll(() => page.locator("#search-count").textContent()).toBe("No unit has this.");
        await page.keyboard.press("Escape");
        await slotOf(page, 1).click();
        expect(await page.locator("#slot-body").textContent()).toContain("<b>bold</b>");
        expect(await page.locator("h1").textContent()).toContain("<img src=x");
        expect(await page.locator("#wall img, #scan img, #slot-body b, h1 img").count()).toBe(0);
        expect(await page.title()).toContain("passed");
        expect(complaints).toEqual([]);
      }),
    ));

  it("exports: two files, and a report that is shown but can do nothing", () =>
    onPage({ slots: 2 }, ({ station, url }) =>
      browser.look(url, {}, async ({ page }) => {
        await ready(page);
        station.putIn(1);
        station.scan("SN1");
        station.pass(1);
        for (const [name, file, content] of [
          ["CSV", "2026-11-27-A.csv", "serial\r\nSN1\r\n"],
          ["JSON", "2026-11-27-A.json", '["SN1"]'],
        ] as const) {
          const [download] = await Promise.all([
            page.waitForEvent("download"),
            page.getByRole("link", { name, exact: true }).click(),
          ]);
          expect(download.suggestedFilename()).toBe(file);
          expect(readFileSync(await download.path(), "utf8")).toBe(content);
        }
        const [report] = await Promise.all([
          page.waitForEvent("popup"),
          page.getByRole("link", { name: "Report" }).click(),
        ]);
        await report.getByText("1 units").waitFor();
        expect(await report.title()).toBe("Batch");
        expect(await report.evaluate("getComputedStyle(document.querySelector('p')).color")).toBe("rgb(1, 2, 3)");
        expect(await report.evaluate("self.origin")).toBe("null");
      }),
    ));

  it("is used with the keyboard alone: wall, slot, search, serial number, line, theme, help", () =>
    onPage({ slots: 8 }, ({ station, url }) =>
      browser.look(url, {}, async ({ page }) => {
        await ready(page);
        station.putIn(6);
        station.scan("SN6");
        station.identify(6);
        station.fail(6, "no_euicc", "The modem has no eUICC that opens.");
        await slotOf(page, 6).and(page.locator("[data-kind=failed]")).waitFor();
        await page.keyboard.press("g");
        await expect.poll(() => focused(page)).toMatch(/^Slot 1 /);
        for (const key of ["ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
        expect(await focused(page)).toMatch(/^Slot 6 FAIL SN6/);
        await page.keyboard.press("Enter");
        const dialog = page.getByRole("dialog", { name: "Slot 6: FAIL" });
        await dialog
          .getByText("You, or who runs this line")
          .or(dialog.getByText(/The (maker|vendor)/))
          .first()
          .waitFor();
        expect(await dialog.textContent()).toContain(String(station.view().slots[5]?.unit.eid));
        expect(await violationsOf(page)).toEqual([]);
        await dialog.getByRole("button", { name: "Run again" }).focus();
        await page.keyboard.press("Enter");
        await expect.poll(() => station.asked).toContain("retry 6");
        await page.getByRole("dialog", { name: "Slot 6: RUN" }).getByText("It runs again.").waitFor();
        await page.keyboard.press("Escape");
        await expect.poll(() => focused(page)).toMatch(/^Slot 6 RUN/);
        await page.keyboard.press("End");
        expect(await focused(page)).toMatch(/^Slot 8 /);
        // The wall is one stop for Tab.
        await page.keyboard.press("Tab");
        expect(await focused(page)).not.toMatch(/^Slot/);

        await page.keyboard.press("s");
        await page.locator("#serial:focus").waitFor();
        await page.keyboard.type("SN-hand");
        await page.keyboard.press("Tab");
        await page.keyboard.type("2");
        await page.keyboard.press("Enter");
        await expect.poll(() => station.asked).toContain("scan SN-hand in 2");

        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keys" }).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await page.getByLabel("Keys of a single letter work").focus();
        await page.keyboard.press("Space");
        await page.keyboard.press("Escape");
        await page.keyboard.press("m");
        await page.keyboard.press("?");
        await page.waitForTimeout(150);
        expect(await page.locator("dialog[open]").count()).toBe(0);
        await page.getByRole("button", { name: "Line" }).press("Enter");
        const line = page.getByRole("dialog", { name: "The line" });
        await line.getByRole("button", { name: "Drain the line" }).press("Enter");
        expect(station.asked).not.toContain("drain");
        await line.getByRole("button", { name: "Drain: press once more" }).press("Enter");
        await expect.poll(() => station.asked).toContain("drain");
        await page.locator("#headline", { hasText: "Nothing new begins." }).waitFor();
      }),
    ));

  it("has each slot's doings: label again, out of work, record taken back, and tells what was refused", () =>
    onPage({ slots: 2 }, ({ station, url }) =>
      browser.look(url, {}, async ({ page }) => {
        await ready(page);
        station.putIn(1);
        station.scan("SN1");
        station.identify(1);
        station.pass(1);
        await slotOf(page, 1).and(page.locator("[data-kind=passed]")).click();
        const dialog = page.getByRole("dialog");
        station.printer = new EsimdError("label_unprinted", "the printer has no paper", { hint: "Put some in." });
        await dialog.getByRole("button", { name: "Print the label again" }).click();
        await dialog.getByText("The printer has no paper. Put some in.").waitFor();
        station.printer = undefined;
        await dialog.getByRole("button", { name: "Print the label again" }).click();
        await dialog.getByText("The label is printed.").waitFor();
        await dialog.getByText("Wrong serial number?").click();
        await dialog.getByLabel(/^Why this serial number/).fill("the board was changed");
        await dialog.getByRole("button", { name: "Take the record back" }).click();
        await dialog.getByText("The record was taken back.").waitFor();
        await dialog.getByRole("button", { name: "Take out of work" }).click();
        await page.getByRole("dialog", { name: "Slot 1: OFF" }).waitFor();
        await dialog.getByRole("button", { name: "Work with this slot again" }).click();
        await page.getByRole("dialog", { name: "Slot 1: EMPTY" }).waitFor();
        expect(station.asked.slice(1)).toEqual([
          "reprint SN1",
          "reprint SN1",
          "void SN1: the board was changed",
          "off 1",
          "on 1",
        ]);
      }),
    ));

  it("keeps the theme that a person chose", () =>
    onPage({}, ({ url }) =>
      browser.look(url, { theme: "light" }, async ({ page }) => {
        await ready(page);
        const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
        const light = await ground();
        await page.emulateMedia({ colorScheme: "dark" });
        const dark = await ground();
        expect(dark).not.toBe(light);
        await page.getByRole("button", { name: "Theme: auto" }).click();
        expect(await ground()).toBe(light);
        await page.reload();
        await ready(page);
        expect(await ground()).toBe(light);
        await page.getByRole("button", { name: "Theme: light" }).click();
        expect(await ground()).toBe(dark);
      }),
    ));

  it("stands still for who wants no motion", () =>
    onPage({}, ({ station, url }) => {
      station.putIn(1);
      station.scan("SN1");
      const moving = "document.getAnimations().length";
      return browser.look(url, { reducedMotion: "no-preference" }, async ({ page }) => {
        await ready(page);
        expect(await page.evaluate(moving)).toBeGreaterThan(0);
        await page.emulateMedia({ reducedMotion: "reduce" });
        expect(await page.evaluate(moving)).toBe(0);
      });
    }));

  it("says when the station is gone, and comes back by itself", () =>
    onPage({ slots: 2 }, (bench) =>
      browser.look(bench.url, {}, async ({ page }) => {
        await ready(page);
        await bench.page.close();
        await page.locator("body[data-reach=lost]").waitFor();
        const sentence = await page.locator("#headline").textContent();
        expect(sentence).toMatch(/^The station is not reachable\. What you see is how it stood at \d\d:\d\d:\d\d/);
        expect(await page.evaluate("getComputedStyle(document.querySelector('.wall')).filter")).toContain("grayscale");
        for (const colorScheme of themes) {
          await page.emulateMedia({ colorScheme });
          expect(await violationsOf(page)).toEqual([]);
        }
        // A scan that reaches nobody is told of, too.
        await scanned(page, "SN-nobody");
        await page.locator("#scan", { hasText: "SN-nobody The station does not answer." }).waitFor();
        await onPage({ slots: 2, port: Number(new URL(bench.url).port) }, async ({ station }) => {
          station.putIn(2);
          await ready(page);
          await slotOf(page, 2).and(page.locator("[data-kind=needs-serial]")).waitFor();
        });
      }),
    ));

  it.each(themes)("asks for the password where there is one, %s", (theme) =>
    onPage({ slots: 2, password: "early shift" }, (bench) =>
      browser.look(bench.url, { theme, screen: "phone" }, async ({ page, complaints, requests }) => {
        await page.getByRole("heading", { name: "This station is locked" }).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await page.getByLabel("Password").fill("late shift");
        await page.keyboard.press("Enter");
        await page.getByText("This is not the station's password. Try again.").waitFor();
        await page.getByLabel("Password").fill("early shift");
        await page.keyboard.press("Enter");
        await ready(page);
        const [cookie] = await page.context().cookies();
        expect(cookie).toMatchObject({ name: "esimd_session", httpOnly: true, sameSite: "Strict" });
        await page.getByRole("button", { name: "Line" }).click();
        await page.getByRole("button", { name: "Lock this page" }).click();
        await page.getByRole("heading", { name: "This station is locked" }).waitFor();
        expect(requests.filter((request) => new URL(request).origin !== originOf(bench))).toEqual([]);
      }),
    ),
  );

  const dialogs: readonly (readonly [string, (page: Page, station: RehearsedStation) => Promise<void>])[] = [
    [
      "search",
      async (page) => {
        await page.keyboard.press("/");
        await page.locator("#search").fill("GW24");
        await page.locator(".unit").first().waitFor();
      },
    ],
    ["a serial number by hand", (page) => page.keyboard.press("s")],
    ["the line", (page) => page.keyboard.press("m")],
    ["a good unit", (page) => slotOf(page, 2).click()],
    ["a bad unit", (page) => slotOf(page, 4).click()],
    [
      "an alarm",
      async (page, station) => {
        station.setNotice("The provider has no stock: nothing new begins.");
        await page.getByText("The provider has no stock").waitFor();
      },
    ],
  ];
  const states = dialogs.flatMap(([name, go]) =>
    (["small", "phone"] as readonly Screen[]).map((screen) => [name, screen, go] as const),
  );
  it.each(states)("is for everybody: %s on a %s screen, light and dark", (_, screen, go) => {
    const clock = shiftClock();
    return onPage({ slots: 8, clock }, async ({ station, url }) => {
      await workedShift(station, clock, 20);
      await everyPhase(station, clock, 8);
      await browser.look(url, { screen }, async ({ page }) => {
        await ready(page);
        const going = go(page, station);
        // The page is told of changes by the line's clock.
        await clock.advance(1_000);
        await going;
        await page.locator("dialog[open], #headline[data-tone=alarm]").first().waitFor();
        for (const colorScheme of themes) {
          await page.emulateMedia({ colorScheme });
          expect(await violationsOf(page)).toEqual([]);
        }
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(screens[screen].width);
      });
    });
  });
});
