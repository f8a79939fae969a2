"""References with generations, and the sealed store behind them."""
