import { defineMethod } from "../method.js";
import { withDefault } from "../options.js";
import { gradientOuter } from "../sources.js";
import { polarShape, polarStages } from "./muon.js";
import { adamForVectors, factorPolicy } from "./shared.js";
import { adamInEigenbasis, soapShape } from "./soap.js";

/** SOAP-Muon (modded-nanogpt track 3, 2026): the polar factor of SOAP's direction, W ← W − η s(m, n) polar(Q_L Adam(Q_Lᵀ G Q_R) Q_Rᵀ). */
export const soapMuon = defineMethod({
  id: "soap-muon",
  title: "SOAP-Muon",
  reference: "modded-nanogpt track 3, 2026",
  shape: { ...soapShape, ...polarShape, lr: withDefault(soapShape.lr, 0.02), every: withDefault(soapShape.every, 1) },
  chain: (o) => [adamInEigenbasis(o, factorPolicy(o, 0), () => gradientOuter), ...polarStages(o)],
  diagonal: adamForVectors,
});
