import { alignment } from "./alignment.js";
import { conditionNumber } from "./condition-number.js";
import { curves } from "./curves.js";
import type { Figure } from "./figure.js";
import { generalization } from "./generalization.js";
import { essentialFigures, moreFigures } from "./more/index.js";

/** The paper's figures. */
export const paperFigures: readonly Figure[] = [curves, alignment, conditionNumber, generalization];

/** The figures of `layerwise reproduce`, in order. */
export const figures: readonly Figure[] = [...paperFigures, ...essentialFigures];

/** The figures of `layerwise reproduce --all`, and those of all claims. */
export const allFigures: readonly Figure[] = [...figures, ...moreFigures];

export { type Claim, type Figure, type Judgement, judge, Results, type Settings, type TableData, type Verdict } from "./figure.js";
