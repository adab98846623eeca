"""The trainings, a file a family. Each logs as an ordinary user would; nothing that it logs says what is wrong."""
