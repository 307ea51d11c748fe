// Where tabs are moved sideways, the current one is seen.
document
  .querySelector(".around__tabs [aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });
