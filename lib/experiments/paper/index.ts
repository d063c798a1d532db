import { alignment } from "./alignment.js";
import { conditionNumber } from "./condition-number.js";
import { curves } from "./curves.js";
import type { Figure } from "./figure.js";
import { generalization } from "./generalization.js";
import { moreFigures } from "./more/index.js";

/** The figures of `layerwise reproduce`, in order. Add a line to add one. */
export const figures: readonly Figure[] = [curves, alignment, conditionNumber, generalization];

/** The figures of `layerwise reproduce --all`, and those of all claims. */
export const allFigures: readonly Figure[] = [...figures, ...moreFigures];

export { type Claim, type Figure, type Judgement, judge, Results, type Settings, type TableData, type Verdict } from "./figure.js";
