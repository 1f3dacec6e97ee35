/** Made by scripts/make-probe-model.py: eight products of `x` [128, 256] and `w` [256, 256], into `y`; base64. */
export const PROBE_MODEL = [
  "CAg68gEKEgoBeAoBdxICaDAiBk1hdE11bAoTCgJoMAoBdxICaDEiBk1hdE11bAoTCgJoMQoBdxICaDIiBk1hdE11bAoTCgJo",
  "MgoBdxICaDMiBk1hdE11bAoTCgJoMwoBdxICaDQiBk1hdE11bAoTCgJoNAoBdxICaDUiBk1hdE11bAoTCgJoNQoBdxICaDYi",
  "Bk1hdE11bAoSCgJoNgoBdxIBeSIGTWF0TXVsEgVwcm9iZVoVCgF4EhAKDggBEgoKAwiAAQoDCIACWhUKAXcSEAoOCAESCgoD",
  "CIACCgMIgAJiFQoBeRIQCg4IARIKCgMIgAEKAwiAAkIECgAQDQ==",
].join("");
