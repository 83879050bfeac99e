import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../../src/base/clock.js";

/** Debian's Chromium, and what is noted of every page that is opened in it. */

const places = [
  process.env["ESIMD_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
export const chromiumPath = places.find((path) => path !== undefined && path !== "" && existsSync(path));

if (chromiumPath === undefined)
  process.stderr.write("the tests of the station's page in a browser are skipped: there is no Chromium here\n");

export const screens = {
  small: { width: 1280, height: 720 },
  large: { width: 1920, height: 1080 },
  phone: { width: 390, height: 844 },
} as const;
export type Screen = keyof typeof screens;
export type Theme = "light" | "dark";

export interface Seen {
  readonly page: Page;
  /** Every request that the browser made, but for `data:`. */
  readonly requests: readonly string[];
  /** What the page said of itself on the console, and every error in it. */
  readonly complaints: readonly string[];
}

/** One browser for a file of tests; a context of its own for every look. */
export function browserOfThisFile(): {
  look<T>(url: string, options: LookOptions, work: (seen: Seen) => Promise<T>): Promise<T>;
} {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (chromiumPath === undefined) return;
    browser = await chromium.launch({
      executablePath: chromiumPath,
      headless: true,
      // As root, which a container's user is, Chromium has no sandbox; what it opens is our own page.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
  }, 60_000);
  afterAll(() => browser?.close());
  return {
    look: async (url, options, work) => {
      if (browser === undefined) throw new Error("the browser did not start");
      const { screen = "large", theme = "light", reducedMotion = "reduce", ...others } = options;
      const isPhone = screen === "phone";
      const context = await browser.newContext({
        viewport: screens[screen],
        colorScheme: theme,
        reducedMotion,
        acceptDownloads: true,
        ...(isPhone ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
        ...others,
      });
      try {
        const page = await context.newPage();
        const requests: string[] = [];
        const complaints: string[] = [];
        context.on("request", (request) => {
          if (!request.url().startsWith("data:")) requests.push(request.url());
        });
        page.on("console", (message) => {
          if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
        });
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(url);
        return await work({ page, requests, complaints });
      } finally {
        await context.close();
      }
    },
  };
}

/**
 * As a scanner types: every key at once, a few milliseconds apart by the keys' own times, however busy the machine is. They are real ones, to
 * which a button would answer.
 */
export async function scanned(page: Page, text: string, ender: "Enter" | "Tab" = "Enter"): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const keys = [...text, ender];
  const startSeconds = systemClock.nowMs() / 1000;
  const codes = { Enter: { windowsVirtualKeyCode: 13, text: "\r" }, Tab: { windowsVirtualKeyCode: 9 } } as const;
  await Promise.all(
    keys.flatMap((key, index) => {
      const more = key === "Enter" || key === "Tab" ? { code: key, ...codes[key] } : { text: key };
      const timestamp = startSeconds + index * 0.004;
      return [
        session.send("Input.dispatchKeyEvent", { type: "keyDown", key, timestamp, ...more }),
        session.send("Input.dispatchKeyEvent", { type: "keyUp", key, timestamp: timestamp + 0.002 }),
      ];
    }),
  );
  await session.detach();
}

export interface LookOptions
  extends Pick<BrowserContextOptions, "reducedMotion" | "ignoreHTTPSErrors" | "forcedColors"> {
  readonly screen?: Screen;
  readonly theme?: Theme;
}
