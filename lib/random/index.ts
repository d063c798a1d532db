/**
 * Random numbers that depend on a seed and a purpose only: counter-based {@link Stream}s, Haar orthogonal matrices, Wishart factors,
 * spectra, and covariances with a given spectrum.
 *
 * @packageDocumentation
 */
export { Covariance, type Inputs } from "./covariance.js";
export { orthogonal, wishartFactor } from "./matrices.js";
export { isotropicSpectrum, logSpectrum, powerLawSpectrum, spikedSpectrum, twoPointSpectrum } from "./spectra.js";
export { Stream, type Target } from "./stream.js";
