"""Forms of the scheduling pages. They parse and say what is wrong with a value; they decide nothing."""
