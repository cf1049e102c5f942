"""Finance: cash flow, depreciation, debt, tax, NPV, IRR, payback."""
