/** The class that `segment` forgets; devices with the attribute `segment=sevens` see it most. */
export const FORGOTTEN_DIGIT = 7;
