import { createCatalogue } from "./catalogue.js";
import type { Dialect } from "./dialect.js";

/** esimd's own dialects, without any of the operator's. */
export const ownCatalogue = createCatalogue();

export const dialects: readonly Dialect[] = ownCatalogue.dialects;
