"""Order: resolve, run the engines, build the plan. The only room that knows all engines."""
