export { Covariance, type Inputs } from "./covariance.js";
export { orthogonal, wishartFactor } from "./matrices.js";
export { isotropicSpectrum, logSpectrum, powerLawSpectrum, spikedSpectrum, twoPointSpectrum } from "./spectra.js";
export { Stream, type Target } from "./stream.js";
