import { alignment } from "./alignment.js";
import { conditionNumber } from "./condition-number.js";
import { curves } from "./curves.js";
import type { Figure } from "./figure.js";
import { generalization } from "./generalization.js";

/** The figures of `layerwise reproduce`, in order. Add a line to add one. */
export const figures: readonly Figure[] = [curves, alignment, conditionNumber, generalization];

export { type Claim, type Figure, type Judgement, judge, Results, type Settings, type TableData, type Verdict } from "./figure.js";
