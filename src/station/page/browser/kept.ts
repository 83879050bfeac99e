/** What the browser keeps of how a person wants the page; a browser that keeps nothing is fine. */

export function keptOf(name: string): string | null {
  try {
    return localStorage.getItem(`esimd.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`esimd.${name}`, value);
  } catch {
    // Forgotten with this page, then.
  }
}
