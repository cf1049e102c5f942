"""Files for people: the HTML report and the workbook."""
